// Tables to read much of, made of arithmetic: routes, and departures on them. SQLite and PostgreSQL get the same rows.
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { runOn } from '#test/support/database.ts'

/** Departures of each route. */
const perRoute = 5

/** An expression, in the words of both engines: three letters that depend on a number. */
const letters = (number: string): string =>
  [7919, 331, 31]
    .map(
      (factor) =>
        `substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ', CAST(1 + (${number} * ${factor}) % 26 AS INTEGER), 1)`,
    )
    .join(' || ')

const routes = `SELECT x, ${letters('x')}, ${letters('(x + 11)')}, 100 + (x * 37) % 3900,
  CASE x % 4 WHEN 0 THEN 'north' WHEN 1 THEN 'east' WHEN 2 THEN 'south' ELSE 'west' END FROM numbers`

/** Those of a route are spread over the table. */
const departures = (stamp: string, count: number): string => `SELECT x, 1 + (x * 7919) % ${count},
  ${stamp}, substr('AADLUAWNB6', CAST(1 + 2 * (x % 5) AS INTEGER), 2), CASE WHEN x % 10 = 0 THEN NULL ELSE (x * 31) % 300 - 30 END,
  49 + (x % 800) / 4.0 FROM numbers`

const begun = 978_307_200

type Types = { readonly integer: string; readonly stamp: string; readonly double: string }

const schema = ({ integer, stamp, double }: Types): string => `
  CREATE TABLE "Route" (
    id ${integer} PRIMARY KEY, origin VARCHAR(3) NOT NULL, destination VARCHAR(3) NOT NULL, distance ${integer} NOT NULL,
    region VARCHAR(5) NOT NULL
  );
  CREATE TABLE "Departure" (
    id ${integer} PRIMARY KEY, route_id ${integer} NOT NULL REFERENCES "Route" (id), scheduled ${stamp} NOT NULL,
    carrier VARCHAR(2) NOT NULL, delay ${integer}, fare ${double} NOT NULL
  );`

const indexes = 'CREATE INDEX "Departure_route" ON "Departure" (route_id, id)'

/** Makes a file with so many departures. */
export const fillSqlite = (file: string, rows: number): void => {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false })
  const numbers = (most: number): string =>
    `WITH RECURSIVE numbers (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM numbers WHERE x < ${most})`
  const stamp = `strftime('%Y-%m-%dT%H:%M:%SZ', ${begun} + x * 97, 'unixepoch')`
  const count = rows / perRoute
  try {
    database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
      ${schema({ integer: 'INTEGER', stamp: 'TIMESTAMP', double: 'DOUBLE' })}
      BEGIN;
      INSERT INTO "Route" ${numbers(count)} ${routes};
      INSERT INTO "Departure" ${numbers(rows)} ${departures(stamp, count)};
      ${indexes};
      COMMIT`)
  } finally {
    database.close()
  }
}

const airports = `
  CREATE TABLE "Airport" (
    iata VARCHAR(4) NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, city VARCHAR(40), state VARCHAR(2),
    country VARCHAR(40) NOT NULL, latitude DOUBLE PRECISION NOT NULL, longitude DOUBLE PRECISION NOT NULL
  );
  CREATE TABLE "Flight" (
    id INTEGER PRIMARY KEY, date TIMESTAMPTZ NOT NULL, delay INTEGER NOT NULL, distance INTEGER NOT NULL,
    origin VARCHAR(4) NOT NULL, destination VARCHAR(4) NOT NULL
  );
  CREATE INDEX ON "Flight" (origin, id);`

/** What the demo's file has, in tables of the same names. */
const copyAviation = async (client: pg.Client, aviation: string): Promise<void> => {
  const database = new DatabaseSync(aviation, { readOnly: true })
  try {
    for (const table of ['Airport', 'Flight']) {
      const rows = JSON.stringify(database.prepare(`SELECT * FROM ${table}`).all())
      await client.query(
        `INSERT INTO "${table}" SELECT * FROM json_populate_recordset(NULL::"${table}", $1)`,
        [rows],
      )
    }
  } finally {
    database.close()
  }
}

/** Makes the same in a database, and the demo's airports and flights beside it. @param aviation the demo's file */
export const fillPostgres = async (url: string, rows: number, aviation: string): Promise<void> => {
  const count = rows / perRoute
  const numbers = (most: number): string =>
    `WITH numbers AS (SELECT x FROM generate_series(1::bigint, ${most}) AS g (x))`
  await runOn(
    url,
    `${schema({ integer: 'INTEGER', stamp: 'TIMESTAMPTZ', double: 'DOUBLE PRECISION' })}
     INSERT INTO "Route" ${numbers(count)} ${routes};
     INSERT INTO "Departure" ${numbers(rows)} ${departures(`to_timestamp(${begun} + x * 97)`, count)};
     ${indexes};
     ${airports}`,
  )
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await copyAviation(client, aviation)
    await client.query('VACUUM ANALYZE')
  } finally {
    await client.end()
  }
}
