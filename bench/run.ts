// Measures the server against the budget of the design and prints one table: `npm run bench [-- --quick]`.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Generator, startGenerator, startLimit } from './children.ts'
import { compare, type Rounds } from './compare.ts'
import { readComparisons, refreshComparisons } from './comparisons.ts'
import { measureSyncRate } from './disk.ts'
import { type Headgate, startHeadgate } from './headgate.ts'
import { median } from './statistics.ts'
import { boundedLine, comparedLine, heading, type Line, renderTable } from './table.ts'

type Extent = {
  readonly rounds: Rounds
  readonly starts: number
  readonly idle: number
  readonly syncs: number
}

const full: Extent = {
  rounds: { count: 7, milliseconds: 1000, warmUp: 2500 },
  starts: 7,
  idle: 5000,
  syncs: 1000,
}
const quick: Extent = {
  rounds: { count: 1, milliseconds: 300, warmUp: 200 },
  starts: 1,
  idle: 200,
  syncs: 100,
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Row 7: the second and later starts over one data directory, and what an idle server occupies. */
const measureStarts = async (dataDir: string, extent: Extent): Promise<readonly Line[]> => {
  const times: number[] = []
  const sizes: number[] = []
  while (times.length < extent.starts) {
    const headgate = await startHeadgate(dataDir)
    times.push(headgate.startedIn)
    if (times.length === extent.starts) {
      await sleep(extent.idle)
      sizes.push(...[headgate.residentMegabytes()].filter((size) => size !== undefined))
    }
    await headgate.end()
  }
  return [
    boundedLine('second start to first answer', median(times), 'ms', { floor: 600, goal: 300 }),
    boundedLine('idle resident memory', sizes[0], 'MB', { floor: 180, goal: 120 }),
  ]
}

const measurePaths = async (
  headgate: Headgate,
  generator: Generator,
  where: { readonly file: string; readonly rounds: Rounds },
): Promise<readonly Line[]> => {
  const limit = await startLimit(where.file)
  try {
    const lines: Line[] = []
    let busy = 0
    for (const comparison of [
      ...(await readComparisons(headgate, limit, where.file)),
      ...(await refreshComparisons(headgate, limit)),
    ]) {
      const compared = await compare(generator, comparison, where.rounds)
      busy = Math.max(busy, compared.generatorBusy)
      lines.push(comparedLine(compared))
    }
    say(`The load generator used at most ${Math.round(busy * 100)} % of a core.`)
    return lines
  } finally {
    await limit.end()
  }
}

const measure = async (dataDir: string, extent: Extent): Promise<readonly Line[]> => {
  // The first start creates database, demo data and compile cache; it is not the one that is measured.
  await (await startHeadgate(dataDir)).end()
  const starts = await measureStarts(dataDir, extent)
  const headgate = await startHeadgate(dataDir)
  const generator = startGenerator()
  try {
    const file = join(dataDir, 'files', '1', 'aviation.db')
    const paths = await measurePaths(headgate, generator, { file, rounds: extent.rounds })
    return [...paths, ...starts]
  } finally {
    await generator.end()
    await headgate.end()
  }
}

const main = async (): Promise<void> => {
  const extent = process.argv.includes('--quick') ? quick : full
  const dataDir = mkdtempSync(join(tmpdir(), 'headgate-bench-'))
  try {
    const syncs = measureSyncRate(dataDir, extent.syncs)
    say(`Node ${process.version} on ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}.`)
    say(`This disk makes ${Math.round(syncs)} small writes a second durable, one by one.`)
    const lines = await measure(dataDir, extent)
    say(`\n${renderTable([heading, ...lines])}`)
    if (extent === quick) say('\nA quick run shows that the bench runs. Its numbers mean nothing.')
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

await main()
