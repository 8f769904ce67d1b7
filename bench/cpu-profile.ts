import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Frame = { readonly functionName: string; readonly url: string; readonly lineNumber: number }
type Node = {
  readonly id: number
  readonly callFrame: Frame
  readonly children?: readonly number[]
}
export type Profile = {
  readonly nodes: readonly Node[]
  readonly samples: readonly number[]
}

/** On the clock that all processes of a machine share: microseconds. */
export type Span = { readonly begin: number; readonly end: number }
export const sharedClock = (): number => Number(process.hrtime.bigint() / 1000n)

/** What a process with `--cpu-prof` has left in a directory, of that time alone: starting is not what is looked for. */
export const readProfile = (directory: string, { begin, end }: Span): Profile => {
  const [name] = readdirSync(directory).filter((entry) => entry.endsWith('.cpuprofile'))
  if (name === undefined) throw new Error(`There is no profile in ${directory}.`)
  const { nodes, samples, startTime, timeDeltas } = JSON.parse(
    readFileSync(join(directory, name), 'utf8'),
  ) as Profile & { readonly startTime: number; readonly timeDeltas: readonly number[] }
  let at = startTime
  const within = samples.filter((_id, index) => {
    at += timeDeltas[index] ?? 0
    return at >= begin && at < end
  })
  return { nodes, samples: within }
}

const nameOf = ({ functionName, url, lineNumber }: Frame): string =>
  `${functionName || '(anonymous)'} ${url.split('/').slice(-3).join('/')}:${lineNumber + 1}`

/** Whose code a function is: a folder of ours, a package, a module of Node, or what the engine does itself. */
const placeOf = ({ functionName, url }: Frame): string => {
  const ours = /\/(src\/(?:features\/[^/]+|[^/]+))/.exec(url)?.[1]
  const packages = url.split('/node_modules/')
  if (packages.length > 1) {
    const [scope = '', name = ''] = (packages.at(-1) ?? '').split('/')
    return scope.startsWith('@') ? `${scope}/${name}` : scope
  }
  if (url.startsWith('node:')) return url.replace(/^(node:(?:internal\/)?[^/]+).*$/, '$1')
  return ours ?? (url === '' ? functionName || '(native)' : url)
}

export type Share = { readonly name: string; readonly self: number; readonly total: number }

/** What each used itself, and together with all that it called, as shares of the busy samples. */
const sharesBy = (
  { nodes, samples }: Profile,
  keyOf: (frame: Frame) => string,
): readonly Share[] => {
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
    const name = keyOf(node.callFrame)
    const share = shareOf(name)
    const self = node.callFrame.functionName === '(idle)' ? 0 : (hits.get(node.id) ?? 0)
    let total = self
    const within = above.has(name) ? above : new Set([...above, name])
    for (const id of node.children ?? []) {
      const child = byId.get(id)
      if (child !== undefined) total += walk(child, within)
    }
    busy += self
    share.self += self
    // What calls itself is counted once.
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

export const sharesByFunction = (profile: Profile): readonly Share[] => sharesBy(profile, nameOf)
export const sharesByPlace = (profile: Profile): readonly Share[] => sharesBy(profile, placeOf)
