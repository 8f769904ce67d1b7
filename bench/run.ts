// Measures the server against the budget of the design and prints what it found:
// `npm run bench [-- --quick] [-- --growth] [-- --only <word>]`.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureSyncRate } from './disk.ts'
import { type Options, parseOptions, WrongOption } from './options.ts'
import { chooseSections, type Section } from './sections.ts'
import { onStage } from './stage.ts'
import { heading, type Line, renderTable } from './table.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

type Results = { readonly lines: Line[]; readonly tables: string[]; busiest: number }

const measure = async (
  dataDir: string,
  { extent }: Options,
  { sections, results }: { readonly sections: readonly Section[]; readonly results: Results },
): Promise<void> =>
  onStage(dataDir, extent, async (stage) => {
    for (const section of sections) {
      process.stderr.write(`measuring ${section.name} ...\n`)
      const found = await section.measure(stage)
      if ('table' in found) results.tables.push(found.table)
      else results.lines.push(...found.lines)
      results.busiest = stage.busiest()
    }
  })

const print = ({ lines, tables, busiest }: Results): void => {
  say(`The load generator used at most ${Math.round(busiest * 100)} % of a core.`)
  const byRow = lines.toSorted(([a = ''], [b = '']) => a.localeCompare(b))
  if (byRow.length > 0) say(`\n${renderTable(heading, byRow)}`)
  for (const table of tables) say(`\n${table}`)
}

const main = async (): Promise<void> => {
  const options = parseOptions(process.argv.slice(2))
  const sections = chooseSections(options.only)
  const results: Results = { lines: [], tables: [], busiest: 0 }
  const dataDir = mkdtempSync(join(tmpdir(), 'headgate-bench-'))
  try {
    const syncs = measureSyncRate(dataDir, options.extent.syncs)
    say(`Node ${process.version} on ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}.`)
    say(`This disk makes ${Math.round(syncs)} small writes a second durable, one by one.`)
    try {
      await measure(dataDir, options, { sections, results })
    } finally {
      // Minutes of measuring are not lost because a later section fails.
      print(results)
    }
    if (options.quick) say('\nA quick run shows that the bench runs. Its numbers mean nothing.')
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

try {
  await main()
} catch (error) {
  if (!(error instanceof WrongOption)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
