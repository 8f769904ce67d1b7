import assert from 'node:assert/strict'
import { join } from 'node:path'
import fc from 'fast-check'
import { modelFromTables } from '#odata/edm/from-catalog.ts'
import { createFolder, openFolderWith, runDuckdb } from '#test/contract/connectors/files.ts'
import { collectRows } from '#test/support/plans.ts'
import { orders } from './filters.ts'
import { pushdownValues, testPushdown } from './pushdown.ts'

const open = async () => {
  const { filesDirectory, folder, remove } = createFolder()
  await runDuckdb(
    `SET TimeZone = 'UTC'`,
    `CREATE TABLE item ("id" INTEGER, "t" VARCHAR, "c" VARCHAR, "e" ENUM ('sad', 'ok'), "n" INTEGER, "m" INTEGER,
      "b" BIGINT, "d" DOUBLE, "x" DECIMAL(20,2), "r" FLOAT, "f" BOOLEAN, "at" TIMESTAMPTZ, "ts" TIMESTAMP, "day" DATE,
      "clock" TIME, "g" UUID)`,
    `INSERT INTO item VALUES ${pushdownValues()}`,
    `COPY item TO '${join(folder, 'item.parquet')}' (ROW_GROUP_SIZE 50)`,
  )
  const { pool, open: openFolder } = openFolderWith(filesDirectory, { processes: 1 })
  const source = await openFolder()
  const { tables } = await source.describe()
  const settings = { namespace: 'p', nameCase: 'Default', schemaMap: undefined } as const
  const model = modelFromTables(tables, settings)
  assert.ok(model.sets.has('items'))
  return {
    model,
    set: 'items',
    run: collectRows(source),
    close: async () => {
      await source.close()
      await pool.close()
      remove()
    },
  }
}

testPushdown({
  engine: 'a file',
  open,
  filters: { runs: 150, telling: 25 },
  pages: {
    runs: 20,
    smallest: 10,
    orders: fc.oneof(orders, fc.constantFrom('RowNumber', 'RowNumber desc', 'RowNumber,t')),
  },
})
