import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { bindable, openReadOnly, prepareRows } from '#connectors/sqlite/connection.ts'
import { describeDatabase } from '#connectors/sqlite/introspect.ts'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import { ODataError } from '#odata/errors.ts'
import { compileRead } from '#sql/compile.ts'
import { dialects } from '#sql/dialects/index.ts'
import { stamps } from './filters.ts'
import { type OpenedTable, pushdownRows, testPushdown } from './pushdown.ts'

/** SQLite keeps stamps as text, in more than one form. */
const ownStamps = [...stamps, '2001-01-01 00:00:00', '2001-01-01 12:30']

const build = (file: string): void => {
  const db = new DatabaseSync(file)
  db.exec(`CREATE TABLE Item (id INTEGER PRIMARY KEY, t TEXT COLLATE NOCASE, c CHAR(3), e VARCHAR(9), n INTEGER,
    m INTEGER NOT NULL, b BIGINT, d DOUBLE, x DECIMAL(20,2), r REAL, f BOOLEAN, at TIMESTAMP, ts TIMESTAMP, day DATE,
    clock TIME, g UUID)`)
  const insert = db.prepare(`INSERT INTO Item VALUES (${Array(16).fill('?').join()})`)
  for (const row of pushdownRows(ownStamps)) insert.run(...row.map(bindable))
  db.close()
}

const open = () => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-pushdown-'))
  const file = join(directory, 'p.db')
  build(file)
  const db = openReadOnly(file, 0)
  const { tables } = describeDatabase(db)
  const settings = { namespace: 'p', nameCase: 'Default', schemaMap: undefined } as const
  return {
    model: modelFromTables(tables, settings),
    set: 'Items',
    run: ({ shape, values }) => {
      const { text, slots } = compileRead(shape, dialects.sqlite)
      return prepareRows(db, text, true).all(slots.map((slot) => bindable(values[slot] ?? null)))
    },
    close: () => {
      db.close()
      rmSync(directory, { recursive: true })
    },
  } satisfies OpenedTable
}

const { planOf } = testPushdown({
  engine: 'SQLite',
  open,
  filters: { runs: 1500, telling: 250 },
  pages: { runs: 80, smallest: 1 },
})

test('a decimal literal is refused when the engine could not compare it exactly', () => {
  for (const filter of ['b gt 9007199254740993.5', 'd eq 12345678901234567890'])
    assert.throws(
      () => planOf(`$filter=${filter}`),
      (error) => error instanceof ODataError && error.kind === 'not-implemented',
    )
})
