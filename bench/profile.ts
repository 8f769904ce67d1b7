// Where the time of one path goes: `node bench/profile.ts [path]` runs it under the profiler and prints which
// functions used most of it themselves. The path is a part of a name in the table, `entity` unless given.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGenerator } from './children.ts'
import type { Comparison } from './compare.ts'
import { readComparisons, refreshComparisons } from './comparisons.ts'
import { startHeadgate } from './headgate.ts'

const milliseconds = 6000
const shown = 40
/** Only ours is run. */
const noLimit = { port: 0, pid: 0 }

type Frame = { readonly functionName: string; readonly url: string; readonly lineNumber: number }
type Node = {
  readonly id: number
  readonly callFrame: Frame
  readonly children?: readonly number[]
}
type Profile = {
  readonly nodes: readonly Node[]
  readonly samples: readonly number[]
}

const nameOf = ({ functionName, url, lineNumber }: Frame): string =>
  `${functionName || '(anonymous)'} ${url.split('/').slice(-3).join('/')}:${lineNumber + 1}`

type Share = { readonly name: string; readonly self: number; readonly total: number }

/** What each function used itself, and together with all that it called, as shares of the busy samples. */
const summarize = ({ nodes, samples }: Profile): readonly Share[] => {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const hits = new Map<number, number>()
  for (const id of samples) hits.set(id, (hits.get(id) ?? 0) + 1)
  const shares = new Map<string, { self: number; total: number }>()
  const shareOf = (name: string): { self: number; total: number } => {
    const share = shares.get(name) ?? { self: 0, total: 0 }
    shares.set(name, share)
    return share
  }
  let busy = 0
  const walk = (node: Node, above: ReadonlySet<string>): number => {
    const name = nameOf(node.callFrame)
    const share = shareOf(name)
    const self = name.startsWith('(idle)') ? 0 : (hits.get(node.id) ?? 0)
    let total = self
    const within = new Set([...above, name])
    for (const id of node.children ?? []) {
      const child = byId.get(id)
      if (child !== undefined) total += walk(child, within)
    }
    busy += self
    share.self += self
    // A function that calls itself is counted once.
    if (!above.has(name)) share.total += total
    return total
  }
  const [root] = nodes
  if (root !== undefined) walk(root, new Set())
  return [...shares].map(([name, { self, total }]) => ({
    name,
    self: self / busy,
    total: total / busy,
  }))
}

const percent = (share: number): string => `${(share * 100).toFixed(1).padStart(5)} %`

const print = (shares: readonly Share[], by: 'self' | 'total'): void => {
  process.stdout.write(`\n by ${by}:   self    total\n`)
  for (const { name, self, total } of [...shares].sort((a, b) => b[by] - a[by]).slice(0, shown))
    process.stdout.write(`${percent(self)} ${percent(total)}  ${name}\n`)
}

const run = async (comparison: Comparison): Promise<void> => {
  const generator = startGenerator()
  try {
    const { perSecond } = await generator.run({ ...comparison.ours, milliseconds })
    process.stdout.write(`${comparison.path}: ${Math.round(perSecond)}/s under the profiler\n`)
  } finally {
    await generator.end()
  }
}

const main = async (): Promise<void> => {
  const wanted = process.argv[2] ?? 'entity'
  const dataDir = mkdtempSync(join(tmpdir(), 'headgate-profile-'))
  try {
    // The first start creates the demo's data, which is not what is looked for.
    await (await startHeadgate(dataDir)).end()
    const headgate = await startHeadgate(dataDir, ['--cpu-prof', `--cpu-prof-dir=${dataDir}`])
    try {
      const file = join(dataDir, 'files', '1', 'aviation.db')
      const comparisons = [
        ...(await readComparisons(headgate, noLimit, file)),
        ...(await refreshComparisons(headgate, noLimit)),
      ]
      const comparison = comparisons.find(({ path }) => path.includes(wanted))
      if (comparison === undefined) throw new Error(`there is no path '${wanted}'`)
      await run(comparison)
    } finally {
      await headgate.end()
    }
    const [name = ''] = readdirSync(dataDir).filter((entry) => entry.endsWith('.cpuprofile'))
    const profile = JSON.parse(readFileSync(join(dataDir, name), 'utf8')) as Profile
    const shares = summarize(profile)
    print(shares, 'self')
    print(shares, 'total')
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

await main()
