// What is written against the clients that are generated: typed programs, which tsc compiles beside them. Each prints what it read.

const beginning = (service: string): string => `
import { FetchClient } from '@odata2ts/http-client-fetch'
import { ${service}Service } from './out/${service}Service'

const [, , root = '', authorization = ''] = process.argv
const service = new ${service}Service(new FetchClient({ headers: { Authorization: authorization } }), root)
`

/** Reads the demo data source. */
export const demoProgram = `${beginning('Aviation')}
const main = async () => {
  const list = await service.Flights().query((builder, flight) =>
    builder
      .select('id', 'delay', 'date')
      .filter(flight.delay.greaterThan(60), flight.origin.equals('SEA').or(flight.origin.equals('PDX')))
      .expanding('Airport_origin', (airport) => airport.select('name'))
      .orderBy(flight.delay.descending(), flight.id.ascending())
      .skip(2)
      .top(5)
      .count(),
  )
  const first: number | undefined = list.data.value[0]?.delay
  const airport = await service.Airports('SEA').query()
  const state: string | null = airport.data.state
  const flights = await service.Airports({ iata: 'SEA' }).Flights_origin().query((builder, flight) =>
    builder.select('id').filter(flight.distance.lowerThan(300)).orderBy(flight.id.ascending()).top(3),
  )
  const named = await service.Airports().query((builder, { name, Flights_origin }) =>
    builder
      .filter(name.toLower().contains('national'), Flights_origin.any((flight) => flight.delay.greaterThan(100)))
      .select('iata')
      .orderBy(name.ascending()),
  )
  console.log(JSON.stringify({
    first, state, list: list.data, airport: airport.data, flights: flights.data, named: named.data,
  }))
}
void main()
`

/**
 * Reads tables of PostgreSQL with types, keys and names that are no everyday ones. No key has an apostrophe: this client does not
 * double it, so that its URL is a wrong one for every service.
 */
export const typesProgram = `${beginning('Types')}
const main = async () => {
  const all = await service.things().query((builder, thing) =>
    builder.filter(thing.at.greaterThan('2023-12-31T23:00:00Z'), thing.day.equals('2024-02-29')).count(),
  )
  const id: string = all.data.value[0]?.id ?? ''
  const one = await service.things(id).query()
  const big: number | null = one.data.big
  const pair = await service.pairs({ left_id: 1, right_name: 'Søn & Co/1' }).query()
  const owner = await service.pairs({ left_id: 1, right_name: 'Søn & Co/1' }).thing().query((builder) => builder.select('id'))
  console.log(JSON.stringify({ id, big, all: all.data, one: one.data, pair: pair.data, owner: owner.data }))
}
void main()
`
