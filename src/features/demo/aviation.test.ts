import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { aviationOptions, createAviationDatabase } from './aviation.ts'

const directory = mkdtempSync(join(tmpdir(), 'headgate-aviation-'))
after(() => rmSync(directory, { recursive: true }))

test('the demo database holds all rows, keeps its foreign keys, and leaves no other file', () => {
  const file = join(directory, aviationOptions.Database)
  createAviationDatabase(file)
  const db = new DatabaseSync(file, { readOnly: true })
  const count = (table: string) => db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']
  assert.deepEqual(['Airport', 'Flight', 'BirdStrike'].map(count), [3376, 20_000, 10_000])
  assert.deepEqual(db.prepare('PRAGMA foreign_key_check').all(), [])
  assert.deepEqual(
    { ...db.prepare('SELECT * FROM Flight WHERE id = 1').get() },
    {
      id: 1,
      date: '2001-01-01T00:47:00Z',
      delay: 66,
      distance: 1750,
      origin: 'DTW',
      destination: 'LAS',
    },
  )
  const quoted = db.prepare("SELECT name FROM Airport WHERE iata = '35A'").get()
  assert.equal(quoted?.['name'], 'Union County, Troy Shelton')
  db.close()
  assert.deepEqual(readdirSync(directory), [aviationOptions.Database])
})
