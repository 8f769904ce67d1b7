import { join } from 'node:path'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { type Peer, startGenerator, startLimit } from './children.ts'
import { type Compared, compare, type Comparison, type Load, type Rounds } from './compare.ts'
import { type DataGround, prepareData } from './sources/ground.ts'
import { type Headgate, type Keys, generateKeys, startHeadgate } from './headgate.ts'
import { departureCount, type Extent } from './options.ts'
import { type Client, registerMachine } from './tokens.ts'

/** A server with what its sections share. */
export type Server = {
  readonly headgate: Headgate
  /** An application that gets tokens for itself. */
  readonly machine: () => Promise<Client>
}

/** A server on PostgreSQL, and what another node of it needs. */
export type PostgresServer = Server & {
  readonly cluster: Cluster
  readonly databaseUrl: string
  readonly keys: Keys
  readonly dataDir: string
}

/** What the sections measure with. Each part is started when it is first asked for. */
export type Stage = {
  readonly dataDir: string
  readonly extent: Extent
  readonly limit: () => Promise<Peer>
  readonly embedded: () => Promise<Server>
  /** PostgreSQL alone. */
  readonly cluster: () => Promise<Cluster>
  readonly postgres: () => Promise<PostgresServer>
  /** Much to read. */
  readonly data: () => Promise<DataGround>
  /** The file of the demo's data. */
  readonly file: () => Promise<string>
  readonly compare: (comparison: Comparison, rounds?: Rounds) => Promise<Compared>
  /** Runs a load alone; answers when it is over. */
  readonly run: (load: Load) => Promise<void>
  /** The busiest share of a core that the generator used in any comparison. */
  readonly busiest: () => number
  /** Ends a part that a section has started, after everything that was started later. */
  readonly ends: (end: () => Promise<void>) => void
}

/** Durable, as PostgreSQL is by itself, with the room that an operator would give it. */
const clusterSettings = ['shared_buffers = 512MB', 'max_wal_size = 4GB']

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

const serverOf = (headgate: Headgate): Server => ({
  headgate,
  machine: once(() => registerMachine(headgate.url)),
})

/** Runs work on a stage, and ends everything that it started, however it ends. */
export const onStage = async <T>(
  dataDir: string,
  extent: Extent,
  work: (stage: Stage) => Promise<T>,
): Promise<T> => {
  const endings: (() => Promise<void>)[] = []
  const ends = (end: () => Promise<void>): void => void endings.push(end)
  const started = <P extends { readonly end: () => Promise<void> }>(part: P): P => {
    ends(part.end)
    return part
  }
  const generator = started(startGenerator())
  const embeddedDir = join(dataDir, 'embedded')
  const embedded = once(async () =>
    serverOf(started(await startHeadgate({ dataDir: embeddedDir }))),
  )
  const file = async (): Promise<string> => {
    await embedded()
    return join(embeddedDir, 'files', '1', 'aviation.db')
  }
  const cluster = once(async () => {
    const running = await startCluster(clusterSettings)
    ends(running.stop)
    return running
  })
  const data = once(() => prepareData(join(dataDir, 'data'), departureCount(extent), cluster))
  const postgres = once(async (): Promise<PostgresServer> => {
    const databaseUrl = await (await cluster()).createDatabase()
    const setup = { dataDir: join(dataDir, 'postgres'), databaseUrl, keys: generateKeys() }
    return { ...serverOf(started(await startHeadgate(setup))), ...setup, cluster: await cluster() }
  })
  let busiest = 0
  const compareHere: Stage['compare'] = async (comparison, rounds = extent.rounds) => {
    const compared = await compare(generator, comparison, rounds)
    busiest = Math.max(busiest, compared.generatorBusy)
    return compared
  }
  try {
    return await work({
      dataDir,
      extent,
      embedded,
      cluster,
      postgres,
      data,
      file,
      limit: once(async () => started(await startLimit(await file()))),
      compare: compareHere,
      run: async (load) => {
        const milliseconds = extent.rounds.count * extent.rounds.milliseconds
        const { wrong } = await generator.run({ ...load, milliseconds })
        if (wrong > 0) throw new Error(`${wrong} answers were not 200`)
      },
      busiest: () => busiest,
      ends,
    })
  } finally {
    for (const end of endings.toReversed()) await end()
  }
}
