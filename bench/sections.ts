import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startInsertLimit, startStranger } from './children.ts'
import type { Compared, Comparison } from './compare.ts'
import { strangerComparisons } from './comparisons/introspection.ts'
import { nodeComparisons } from './comparisons/nodes.ts'
import { readComparisons } from './comparisons/reads.ts'
import {
  machineComparison,
  onPostgres,
  onSqlite,
  refreshComparisons,
} from './comparisons/tokens.ts'
import { type Ground, preparePostgres, prepareSqlite } from './growth/grounds.ts'
import { growthHeading, measureGrowth } from './growth/growth.ts'
import { startHeadgate } from './headgate.ts'
import { measureLists } from './lists/lists.ts'
import { WrongOption } from './options.ts'
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
  return budget(stage, await readComparisons(headgate, await stage.limit(), await stage.file()))
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
      boundedLine('second start to first answer', median(times), 'ms', { floor: 600, goal: 300 }),
      boundedLine('idle resident memory', sizes[0], 'MB', { floor: 180, goal: 120 }),
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
