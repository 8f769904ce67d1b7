// The demo data source: American airports, flights of 2001 and bird strikes, from the package vega-datasets.
import { readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createDemoDatabase, type DemoTable } from '#connectors/sqlite/create-database.ts'

/** Options of the data source that serves the demo database. */
export const aviationOptions = { Database: 'aviation.db', ODataVersion: '4' } as const

/** Fields of RFC 4180 text; quoted fields may hold commas and doubled quotes. */
const parseCsv = (text: string): readonly (readonly string[])[] => {
  const line = (row: string): readonly string[] =>
    [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
    )
  return text.split(/\r?\n/).filter(Boolean).map(line)
}

const dataFile = (name: string): string => {
  const entry = createRequire(import.meta.url).resolve('vega-datasets')
  return readFileSync(new URL(`../data/${name}`, `file://${entry}`), 'utf8')
}

type Flight = {
  readonly date: string
  readonly delay: number
  readonly distance: number
  readonly origin: string
  readonly destination: string
}

const text = (value: string | undefined): string | null =>
  value === undefined || value === '' || value === 'NA' ? null : value

const number = (value: string | undefined): number | null =>
  value === undefined || value === '' ? null : Number(value)

const airports = (): DemoTable => ({
  create: `CREATE TABLE Airport (
    iata VARCHAR(4) NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, city VARCHAR(40), state VARCHAR(2),
    country VARCHAR(40) NOT NULL, latitude DOUBLE NOT NULL, longitude DOUBLE NOT NULL
  );
  CREATE INDEX Airport_state ON Airport (state);`,
  insert: 'INSERT INTO Airport VALUES (?, ?, ?, ?, ?, ?, ?)',
  rows: parseCsv(dataFile('airports.csv'))
    .slice(1)
    .map(([iata = '', name = '', city, state, country = '', latitude, longitude]) => [
      iata,
      name,
      text(city),
      text(state),
      country,
      number(latitude),
      number(longitude),
    ]),
})

const flights = (): DemoTable => ({
  create: `CREATE TABLE Flight (
    id INTEGER PRIMARY KEY, date TIMESTAMP NOT NULL, delay INTEGER NOT NULL, distance INTEGER NOT NULL,
    origin VARCHAR(4) NOT NULL, destination VARCHAR(4) NOT NULL,
    FOREIGN KEY (origin) REFERENCES Airport (iata), FOREIGN KEY (destination) REFERENCES Airport (iata)
  );
  CREATE INDEX Flight_origin ON Flight (origin);
  CREATE INDEX Flight_destination ON Flight (destination);
  CREATE INDEX Flight_delay ON Flight (delay);
  CREATE INDEX Flight_date ON Flight (date);`,
  insert: 'INSERT INTO Flight VALUES (?, ?, ?, ?, ?, ?)',
  rows: (JSON.parse(dataFile('flights-20k.json')) as readonly Flight[]).map((flight, i) => [
    i + 1,
    `${flight.date.replaceAll('/', '-').replace(' ', 'T')}:00Z`,
    flight.delay,
    flight.distance,
    flight.origin,
    flight.destination,
  ]),
})

const birdStrikes = (): DemoTable => ({
  create: `CREATE TABLE BirdStrike (
    id INTEGER PRIMARY KEY, airport_name VARCHAR(80), aircraft_make_model VARCHAR(40),
    effect_amount_of_damage VARCHAR(20), flight_date DATE, aircraft_airline_operator VARCHAR(60),
    origin_state VARCHAR(40), phase_of_flight VARCHAR(20), wildlife_size VARCHAR(20),
    wildlife_species VARCHAR(60), time_of_day VARCHAR(20), cost_other INTEGER, cost_repair INTEGER,
    cost_total INTEGER, speed_ias_in_knots INTEGER
  );
  CREATE INDEX BirdStrike_flight_date ON BirdStrike (flight_date);
  CREATE INDEX BirdStrike_wildlife_species ON BirdStrike (wildlife_species);`,
  insert: `INSERT INTO BirdStrike VALUES (${'?, '.repeat(14)}?)`,
  rows: parseCsv(dataFile('birdstrikes.csv'))
    .slice(1)
    .map((row, i) => [i + 1, ...row.slice(0, 10).map(text), ...row.slice(10).map(number)]),
})

/** Builds the demo database; the file appears whole or not at all. Every flight's airports are in the data. */
export const createAviationDatabase = (file: string): void => {
  const temporary = `${file}.${process.pid}.tmp`
  rmSync(temporary, { force: true })
  createDemoDatabase(temporary, [airports(), flights(), birdStrikes()])
  renameSync(temporary, file)
}
