import { run } from '#store/command.ts'
import { addDataSource, unique } from '../things.ts'
import { type Case, inEachTenant, type Row, seenOf } from '../table.ts'
import { freshUser, sourceName } from '../world.ts'

// Data sources are their owner's: also 12 acts for somebody else only by `?user=` (management reference 4.1, 6).

const body = (name = `source-${unique()}`) => ({
  name,
  dataStore: 5001,
  connectionType: 'Cloud',
  options: { Database: 'same.db' },
})

/** The same data source, sent anew. */
export const replacement = () => ({
  name: `source-${unique()}`,
  options: { Database: 'same.db' },
})

export const withSource: Readonly<Record<string, Case>> = {
  own: async ({ app }, caller) => ({ id: await addDataSource(app, caller) }),
  ...inEachTenant(async (world, key) => addDataSource(world.app, await freshUser(world, key))),
}

/** What asks for a map. */
export const refreshed = () => ({ map: 'refresh' })

/** The same cases, each with a body of its own. */
export const withBody = (
  cases: Readonly<Record<string, Case>>,
  body: () => object | undefined,
): Readonly<Record<string, Case>> =>
  Object.fromEntries(
    Object.entries(cases).map(([name, of]): [string, Case] => [
      name,
      async (world, caller) => {
        const made = body()
        return { ...(await of(world, caller)), ...(made === undefined ? {} : { body: made }) }
      },
    ]),
  )

// 11, and the operation's permission on the data source in question (rule 5 of 1.3: what is set there counts alone, so it is
// asked of what is there). sysO, kidO and 11 lack it on their own.
export const ownAlone = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        ok   ok   ok   -    ok   ok   -    -    -    -    401  ok
  S          ?    ?    ?    ?    ?    ?    ?    ?    -    -    401  ?
  A          ?    ?    ?    ?    ?    ?    ?    ?    -    -    401  ?
  B          ?    ?    ?    ?    ?    ?    ?    ?    -    -    401  ?
  absent     ?    ?    ?    ?    ?    ?    ?    ?    -    -    401  ?`

export const dataSourceRows: readonly Row[] = [
  {
    endpoint: 'list-data-sources',
    by: 'management reference 4.1',
    cases: {
      own: async ({ app }, caller) => {
        await addDataSource(app, caller)
        return {}
      },
    },
    sees: (answer, world) => {
      const { dataSources } = answer as { dataSources: { id: string }[] }
      const foreign = seenOf(dataSources, (key) => world.estates[key].source)
      return dataSources.length > 0 ? ['o', ...foreign] : foreign
    },
    expect: `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own        o    o    o    -    o    o    -    -    -    -    401  o`,
  },
  {
    endpoint: 'create-data-source',
    by: 'management reference 4.1, 4.2',
    cases: {
      own: () => ({ body: body() }),
      // A name is taken only by one's own.
      nameOfOther: async (world, caller) => {
        const { sql, write } = world.app.core.store
        await write(function* () {
          yield* run(
            sql
              .deleteFrom('data_sources')
              .where('owner_id', '=', caller.id)
              .where('name', '=', sourceName),
          )
        })
        return { body: body(sourceName) }
      },
    },
    expect: `
              12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  own         ok   ok   ok   -    ok   ok   -    -    -    -    401  ok
  nameOfOther ok   ok   ok   -    ok   ok   -    -    -    -    401  ok`,
  },
  {
    endpoint: 'read-data-source',
    by: 'management reference 4.1',
    cases: withSource,
    expect: ownAlone,
  },
  {
    endpoint: 'update-data-source',
    by: 'management reference 4.1',
    cases: withBody(withSource, replacement),
    expect: ownAlone,
  },
  {
    endpoint: 'test-data-source',
    by: 'management reference 4.4',
    cases: withBody(withSource, () => ({})),
    expect: ownAlone,
  },
  {
    endpoint: 'build-data-source-model',
    by: 'management reference 4.1, data access reference A.14',
    cases: withBody(withSource, () => ({ restart: true })),
    expect: ownAlone,
  },
  {
    endpoint: 'read-data-source-model',
    by: 'management reference 4.1, data access reference A.14',
    cases: withSource,
    expect: ownAlone,
  },
  {
    endpoint: 'refresh-data-source-map',
    by: 'management reference 4.1',
    cases: withBody(withSource, refreshed),
    expect: ownAlone,
  },
  {
    endpoint: 'read-data-source-logs',
    by: 'management reference 4.1, 4.4',
    cases: withSource,
    expect: ownAlone,
  },
  {
    endpoint: 'delete-data-source',
    by: 'management reference 4.1',
    cases: withSource,
    expect: ownAlone,
  },
]
