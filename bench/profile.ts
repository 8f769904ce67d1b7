// Where the time of one path goes: `node bench/profile.ts [--postgres] [path]` runs it under the profiler and prints which
// code used most of it. The path is a part of a name in the table, `entity` unless given.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { startGenerator } from './children.ts'
import type { Comparison } from './compare.ts'
import { introspectionComparison } from './comparisons/introspection.ts'
import { readComparisons, withToken } from './comparisons/reads.ts'
import {
  machineComparison,
  onPostgres,
  onSqlite,
  refreshComparisons,
} from './comparisons/tokens.ts'
import { processorSecondsBelow, processorSecondsOf } from './cpu.ts'
import {
  readProfile,
  type Share,
  sharedClock,
  type Span,
  sharesByFunction,
  sharesByPlace,
} from './cpu-profile.ts'
import { generateKeys, type Headgate, type Setup, startHeadgate } from './headgate.ts'
import { registerMachine } from './tokens.ts'

const milliseconds = 6000
const warmUp = 3000
/** Only ours is run. */
const noLimit = { port: 0, pid: 0 }

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const percent = (share: number): string => `${(share * 100).toFixed(1).padStart(5)} %`

const print = (title: string, shares: readonly Share[], by: 'self' | 'total', shown: number) => {
  say(`\n${title}, by ${by}:   self    total`)
  for (const { name, self, total } of [...shares].sort((a, b) => b[by] - a[by]).slice(0, shown))
    say(`${percent(self)} ${percent(total)}  ${name}`)
}

/** Runs a path; prints what an answer costs the server and, if there is one, its database. Answers when that was. */
const run = async (
  { path, ours }: Comparison,
  headgate: Headgate,
  cluster: Cluster | undefined,
): Promise<Span> => {
  const generator = startGenerator()
  const used = () => ({
    server: processorSecondsOf([headgate.pid]),
    database: cluster && processorSecondsBelow(cluster.pid()),
  })
  try {
    const warm = await generator.run({ ...ours, milliseconds: warmUp })
    const before = used()
    const begin = sharedClock()
    const bodies = warm.bodies ?? ours.bodies
    const { perSecond, wrong } = await generator.run({ ...ours, bodies, milliseconds })
    const after = used()
    const end = sharedClock()
    const answers = (perSecond * milliseconds) / 1000
    const cost = (which: 'server' | 'database'): string => {
      const [earlier, later] = [before[which], after[which]]
      return earlier === undefined || later === undefined
        ? ''
        : `, ${Math.round(((later - earlier) * 1e6) / answers)} µs of ${which} each`
    }
    say(
      `${path}: ${Math.round(perSecond)}/s under the profiler${cost('server')}${cost('database')}, ${wrong} wrong`,
    )
    return { begin, end }
  } finally {
    await generator.end()
  }
}

const findPath = async (
  headgate: Headgate,
  file: string,
  { wanted, postgres }: { readonly wanted: string; readonly postgres: boolean },
): Promise<Comparison> => {
  const engine = postgres ? onPostgres : onSqlite
  const machine = await registerMachine(headgate.url)
  const comparisons = [
    ...(await readComparisons(await withToken(headgate), noLimit, file)),
    ...(await refreshComparisons(headgate, noLimit, engine)),
    await machineComparison(headgate, noLimit, machine, engine),
    await introspectionComparison(headgate, machine),
  ]
  const found = comparisons.find(({ path }) => path.includes(wanted))
  if (found === undefined)
    throw new Error(
      `There is no path '${wanted}'; there are: ${comparisons.map(({ path }) => path).join('; ')}.`,
    )
  return found
}

const profile = async (
  setup: Setup,
  what: { readonly wanted: string; readonly cluster: Cluster | undefined },
): Promise<void> => {
  const { dataDir } = setup
  // The first start creates the demo's data, which is not what is looked for.
  await (await startHeadgate(setup)).end()
  const nodeOptions = ['--cpu-prof', `--cpu-prof-dir=${dataDir}`]
  const headgate = await startHeadgate({ ...setup, nodeOptions })
  let span: Span
  try {
    const file = join(dataDir, 'files', '1', 'aviation.db')
    const how = { wanted: what.wanted, postgres: what.cluster !== undefined }
    span = await run(await findPath(headgate, file, how), headgate, what.cluster)
  } finally {
    await headgate.end()
  }
  const found = readProfile(dataDir, span)
  print('places', sharesByPlace(found), 'self', 25)
  print('functions', sharesByFunction(found), 'self', 40)
  print('functions', sharesByFunction(found), 'total', 60)
}

const main = async (words: readonly string[]): Promise<void> => {
  const wanted = words.find((word) => !word.startsWith('--')) ?? 'entity'
  const dataDir = mkdtempSync(join(tmpdir(), 'headgate-profile-'))
  const cluster = words.includes('--postgres') ? await startCluster() : undefined
  try {
    const databaseUrl = await cluster?.createDatabase()
    const setup =
      databaseUrl === undefined ? { dataDir } : { dataDir, databaseUrl, keys: generateKeys() }
    await profile(setup, { wanted, cluster })
  } finally {
    await cluster?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

await main(process.argv.slice(2))
