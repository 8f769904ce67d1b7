import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Peer,
  startDataLimit,
  startInsertLimit,
  startPostgresLimit,
  startStranger,
} from './children.ts'
import type { Compared, Comparison } from './compare.ts'
import { strangerComparisons } from './comparisons/introspection.ts'
import { nodeComparisons } from './comparisons/nodes.ts'
import { expandComparisons, type Place, streamComparison } from './comparisons/data.ts'
import { readComparisons, withToken } from './comparisons/reads.ts'
import {
  machineComparison,
  onPostgres,
  onSqlite,
  refreshComparisons,
} from './comparisons/tokens.ts'
import { type DataServer, departures, flights } from './sources/ground.ts'
import { measureMemory, memoryHeading } from './sources/memory.ts'
import { type Ground, preparePostgres, prepareSqlite } from './growth/grounds.ts'
import { growthHeading, measureGrowth } from './growth/growth.ts'
import { startHeadgate } from './headgate.ts'
import { measureLists } from './lists/lists.ts'
import { WrongOption } from './options.ts'
import { peakDuring } from './resident.ts'
import { measureSealing } from './sealing/sealing.ts'
import type { Stage } from './stage.ts'
import { median } from './statistics.ts'
import {
  boundedLine,
  comparedLine,
  type Line,
  nodesHeading,
  nodesLine,
  renderTable,
} from './table.ts'

/** What a section found: lines of the budget's table, or a table of its own. */
export type Found = { readonly lines: readonly Line[] } | { readonly table: string }

export type Section = {
  readonly name: string
  readonly measure: (stage: Stage) => Promise<Found>
}

const inTurn = async (
  stage: Stage,
  comparisons: readonly Comparison[],
): Promise<readonly Compared[]> => {
  const compared: Compared[] = []
  for (const comparison of comparisons) compared.push(await stage.compare(comparison))
  return compared
}

const budget = async (stage: Stage, comparisons: readonly Comparison[]): Promise<Found> => ({
  lines: (await inTurn(stage, comparisons)).map(comparedLine),
})

const tokens = async (stage: Stage): Promise<Found> => {
  const { headgate, machine } = await stage.embedded()
  const limit = await stage.limit()
  return budget(stage, [
    await machineComparison(headgate, limit, await machine(), onSqlite),
    ...(await refreshComparisons(headgate, limit, onSqlite)),
  ])
}

const stranger = async (stage: Stage): Promise<Found> => {
  const { headgate, machine } = await stage.embedded()
  const theirs = { clientId: 'bench', clientSecret: randomBytes(32).toString('base64url') }
  const peer = await startStranger(theirs)
  stage.ends(peer.end)
  const clients = { ours: await machine(), stranger: theirs }
  return budget(stage, await strangerComparisons(headgate, peer, clients))
}

const reads = async (stage: Stage): Promise<Found> => {
  const { headgate } = await stage.embedded()
  return budget(
    stage,
    await readComparisons(await withToken(headgate), await stage.limit(), await stage.file()),
  )
}

const postgres = async (stage: Stage): Promise<Found> => {
  const { headgate, machine, cluster } = await stage.postgres()
  const limit = await startInsertLimit(await cluster.createDatabase())
  stage.ends(limit.end)
  return budget(stage, [
    await machineComparison(headgate, limit, await machine(), onPostgres),
    ...(await refreshComparisons(headgate, limit, onPostgres)),
  ])
}

const peakBounds = { floor: 250, goal: 200 }
/** One number, which is floor and goal: so late the event loop may be. */
const delayBounds = { floor: 20, goal: 20 }

/** Rows 5 and 6, with what the server occupies and how late it is while it streams. */
const longReads = async (
  stage: Stage,
  server: DataServer,
  { limit, place }: { readonly limit: Peer; readonly place: Place },
): Promise<readonly Line[]> => {
  const { headgate } = server
  const { mark, words } = place
  const row = `6${mark}`
  const expands = await inTurn(stage, await expandComparisons(server, limit, place))
  const stream = await streamComparison(server, limit, place, stage.extent.data.rows)
  const streamed = await stage.compare(stream)
  await headgate.loopDelay()
  const { peak } = await peakDuring(headgate.pid, () => stage.run(stream.ours))
  const delay = await headgate.loopDelay()
  const what = (path: string, unit: string) => ({ row, path: `${path}${words}`, unit })
  return [
    ...[...expands, streamed].map(comparedLine),
    boundedLine(what('- resident memory', 'MB'), peak.server, peakBounds),
    boundedLine(what('- event loop, p99', 'ms'), delay.p99, delayBounds),
    boundedLine(what('- readers, together', 'MB'), peak.readers, undefined),
  ]
}

const data = async (stage: Stage): Promise<Found> => {
  const ground = await stage.data()
  const limit = await startDataLimit(ground.file)
  stage.ends(limit.end)
  const place = { service: departures.sqlite, mark: '', words: '' } as const
  const lines = await ground.serve((server) => longReads(stage, server, { limit, place }))
  return { lines }
}

const dataOnPostgres = async (stage: Stage): Promise<Found> => {
  const ground = await stage.data()
  const limit = await startPostgresLimit(await ground.databaseUrl())
  stage.ends(limit.end)
  const file = await stage.file()
  const place = { service: departures.postgres, mark: 'p', words: ', PostgreSQL' } as const
  const lines = await ground.serve(async (server) => {
    const reads = await inTurn(stage, await readComparisons(server, limit, file, place))
    return [...reads.map(comparedLine), ...(await longReads(stage, server, { limit, place }))]
  })
  return { lines }
}

/** Each source has a server of its own: what one has left behind is not counted for another. */
const memory = async (stage: Stage): Promise<Found> => {
  const { tables, files, least } = stage.extent.data
  const ground = await stage.data()
  await ground.databaseUrl()
  const measured = [
    { words: 'SQLite', collection: `${departures.sqlite}/Departures`, sizes: tables },
    { words: 'PostgreSQL', collection: `${departures.postgres}/Departures`, sizes: tables },
    { words: 'Parquet', collection: flights, sizes: files },
  ]
  const lines: Line[] = []
  for (const what of measured)
    lines.push(...(await ground.serve((server) => measureMemory(server, what, least))))
  return {
    table: `Memory against the size of a result, at most so much resident:\n${renderTable(memoryHeading, lines)}`,
  }
}

const nodes = async (stage: Stage): Promise<Found> => {
  const { headgate, machine, databaseUrl, keys, dataDir } = await stage.postgres()
  const second = await startHeadgate({
    dataDir: join(stage.dataDir, 'second-node'),
    filesOf: dataDir,
    databaseUrl,
    keys,
  })
  stage.ends(second.end)
  const comparisons = await nodeComparisons([headgate, second], await machine(), await stage.file())
  const compared = await inTurn(stage, comparisons)
  return {
    table: `One node and two nodes on one PostgreSQL:\n${renderTable(nodesHeading, compared.map(nodesLine))}`,
  }
}

const growth = async (stage: Stage, ground: Ground, sizes: readonly number[]): Promise<Found> => {
  const lines = await measureGrowth(ground, sizes, {
    compare: (comparison) => stage.compare(comparison, stage.extent.growthRounds),
    limit: await stage.limit(),
    file: await stage.file(),
  })
  return { table: `Stored tokens, ${ground.engine}:\n${renderTable(growthHeading, lines)}` }
}

const growthOnSqlite = async (stage: Stage): Promise<Found> =>
  growth(stage, await prepareSqlite(join(stage.dataDir, 'growth')), stage.extent.sizes.sqlite)

const growthOnPostgres = async (stage: Stage): Promise<Found> => {
  const { cluster } = await stage.postgres()
  const ground = await preparePostgres(join(stage.dataDir, 'growth-postgres'), cluster)
  return growth(stage, ground, stage.extent.sizes.postgres)
}

const lists =
  (engine: 'SQLite' | 'PostgreSQL') =>
  async (stage: Stage): Promise<Found> => ({ table: await measureLists(stage, engine) })

const sealing = async ({ dataDir, extent }: Stage): Promise<Found> => ({
  table: await measureSealing(join(dataDir, 'sealing'), extent.rounds),
})

/** Row 7: the second and later starts over one data directory, and what an idle server occupies. */
const starts = async ({ dataDir: parent, extent }: Stage): Promise<Found> => {
  const dataDir = join(parent, 'starts')
  await (await startHeadgate({ dataDir })).end()
  const times: number[] = []
  const sizes: number[] = []
  while (times.length < extent.starts) {
    const headgate = await startHeadgate({ dataDir })
    times.push(headgate.startedIn)
    if (times.length === extent.starts) {
      await sleep(extent.idle)
      sizes.push(...[headgate.residentMegabytes()].filter((size) => size !== undefined))
    }
    await headgate.end()
  }
  return {
    lines: [
      boundedLine({ row: '7', path: 'second start to first answer', unit: 'ms' }, median(times), {
        floor: 600,
        goal: 300,
      }),
      boundedLine({ row: '7', path: 'idle resident memory', unit: 'MB' }, sizes[0], {
        floor: 180,
        goal: 120,
      }),
    ],
  }
}

/** In the order of the table, but for the starts: they come before anything else runs. */
const sections: readonly Section[] = [
  { name: 'starts', measure: starts },
  { name: 'tokens', measure: tokens },
  { name: 'oidc-provider', measure: stranger },
  { name: 'postgres', measure: postgres },
  { name: 'reads', measure: reads },
  { name: 'data', measure: data },
  { name: 'data-postgres', measure: dataOnPostgres },
  { name: 'memory', measure: memory },
  { name: 'nodes', measure: nodes },
  { name: 'growth', measure: growthOnSqlite },
  { name: 'growth-postgres', measure: growthOnPostgres },
  { name: 'sealing', measure: sealing },
  { name: 'lists', measure: lists('SQLite') },
  { name: 'lists-postgres', measure: lists('PostgreSQL') },
]

/** The sections whose names hold one of the words; all when there is no word. Refuses a word that names none. */
export const chooseSections = (words: readonly string[]): readonly Section[] => {
  for (const word of words)
    if (!sections.some(({ name }) => name.includes(word)))
      throw new WrongOption(
        `No section is called '${word}'; there are ${sections.map(({ name }) => name).join(', ')}.`,
      )
  return words.length === 0
    ? sections
    : sections.filter(({ name }) => words.some((word) => name.includes(word)))
}
