// Says whether a text belongs to a rule of a grammar, and where it stops belonging. Alternatives are not
// ordered in ABNF (RFC 5234 section 3.2), so every way to read the text is followed: a rule yields the set
// of places where it can end. Kept per rule and place, that stays polynomial.
import type { Grammar, Node } from './grammar.ts'

export type Verdict = {
  readonly ok: boolean
  /** 0-based UTF-16 offset of the first terminal that can follow in no reading; the length if more is wanted. */
  readonly failAt: number
}

type Ends = readonly number[]

type Run = {
  readonly grammar: Grammar
  readonly input: string
  readonly known: Map<Node, (Ends | undefined)[]>
  readonly open: Set<string>
  farthest: number
}

const merged = (sets: readonly Ends[]): Ends => {
  const [only] = sets
  if (sets.length === 1 && only !== undefined) return only
  return [...new Set(sets.flat())]
}

const failed = (run: Run, at: number): Ends => {
  run.farthest = Math.max(run.farthest, at)
  return []
}

const endsOfText = (run: Run, node: Extract<Node, { kind: 'text' }>, at: number): Ends => {
  const to = at + node.text.length
  const found = run.input.slice(at, to)
  const same = node.anyCase ? found.toLowerCase() === node.text.toLowerCase() : found === node.text
  return same ? [to] : failed(run, at)
}

const endsOfCharacter = (
  run: Run,
  node: Extract<Node, { kind: 'character' }>,
  at: number,
): Ends => {
  const point = run.input.codePointAt(at)
  return point !== undefined && node.ranges.some(([from, to]) => from <= point && point <= to)
    ? [at + (point > 0xffff ? 2 : 1)]
    : failed(run, at)
}

const endsOfRepeat = (run: Run, node: Extract<Node, { kind: 'repeat' }>, at: number): Ends => {
  const found = new Set<number>(node.least === 0 ? [at] : [])
  let last: Ends = [at]
  for (let count = 1; count <= node.most && last.length > 0; count++) {
    const next = merged(last.map((from) => endsOf(run, node.part, from)))
    // From the least count on, a place that was reached before brings nothing new.
    last = count > node.least ? next.filter((to) => !found.has(to)) : next
    if (count >= node.least) for (const to of last) found.add(to)
  }
  return [...found]
}

const endsOfRule = (run: Run, name: string, at: number): Ends => {
  const body = run.grammar.get(name)
  if (body === undefined) throw new Error(`There is no rule '${name}'`)
  const known = run.known.get(body) ?? []
  run.known.set(body, known)
  const before = known[at]
  if (before !== undefined) return before
  const place = `${name}@${at}`
  if (run.open.has(place)) throw new Error(`The rule '${name}' begins with itself`)
  run.open.add(place)
  const ends = endsOf(run, body, at)
  run.open.delete(place)
  known[at] = ends
  return ends
}

const endsOf = (run: Run, node: Node, at: number): Ends => {
  switch (node.kind) {
    case 'text':
      return endsOfText(run, node, at)
    case 'character':
      return endsOfCharacter(run, node, at)
    case 'rule':
      return endsOfRule(run, node.name, at)
    case 'repeat':
      return endsOfRepeat(run, node, at)
    case 'among':
      return endsOf(run, node.part, at).filter((to) => node.texts.includes(run.input.slice(at, to)))
    case 'except':
      return endsOf(run, node.part, at).filter(
        (to) => !node.texts.includes(run.input.slice(at, to).toLowerCase()),
      )
    case 'choice':
      return merged(node.choices.map((choice) => endsOf(run, choice, at)))
    case 'sequence':
      return node.parts.reduce<Ends>(
        (places, part) =>
          places.length === 0 ? places : merged(places.map((from) => endsOf(run, part, from))),
        [at],
      )
  }
}

/** Which rules cover which part of the text in some reading of the whole of it. */
const collect = (run: Run, root: Node): ReadonlySet<string> => {
  const seen = new Map<Node, Set<string>>()
  const found = new Set<string>()
  const walk = (node: Node, from: number, to: number): void => {
    const places = seen.get(node) ?? new Set()
    seen.set(node, places)
    if (places.has(`${from}-${to}`)) return
    places.add(`${from}-${to}`)
    if (node.kind === 'rule') {
      found.add(`${node.name}:${run.input.slice(from, to)}`)
      walk(run.grammar.get(node.name) ?? node, from, to)
    } else if (node.kind === 'choice') {
      for (const choice of node.choices)
        if (endsOf(run, choice, from).includes(to)) walk(choice, from, to)
    } else if (node.kind === 'among' || node.kind === 'except') walk(node.part, from, to)
    else if (node.kind === 'sequence') walkParts(node.parts, from, to)
    else if (node.kind === 'repeat' && from !== to)
      // How often is of no interest here: one more, and the rest.
      for (const middle of endsOf(run, node.part, from))
        if (middle === to || endsOf(run, { ...node, least: 0 }, middle).includes(to)) {
          walk(node.part, from, middle)
          if (middle !== to && middle !== from) walk(node, middle, to)
        }
  }
  const walkParts = (parts: readonly Node[], from: number, to: number): void => {
    const [first, ...rest] = parts
    if (first === undefined) return
    for (const middle of endsOf(run, first, from)) {
      const fits =
        rest.length === 0
          ? middle === to
          : endsOf(run, { kind: 'sequence', parts: rest }, middle).includes(to)
      if (!fits) continue
      walk(first, from, middle)
      walkParts(rest, middle, to)
    }
  }
  walk(root, 0, run.input.length)
  return found
}

export type Oracle = {
  readonly matches: (rule: string, input: string) => Verdict
  /** `rule:text` for every rule that covers a text in some reading of the whole input; names in lower case. */
  readonly covers: (rule: string, input: string) => ReadonlySet<string>
}

/** An oracle over a grammar that has no left recursion; it throws where one is met. */
export const createOracle = (grammar: Grammar): Oracle => {
  const read = (rule: string, input: string) => {
    const run: Run = { grammar, input, known: new Map(), open: new Set(), farthest: 0 }
    const ends = endsOfRule(run, rule.toLowerCase(), 0)
    const ok = ends.includes(input.length)
    return { run, ok, failAt: ok ? input.length : Math.max(run.farthest, ...ends, 0) }
  }
  return {
    matches: (rule, input) => {
      const { ok, failAt } = read(rule, input)
      return { ok, failAt }
    },
    covers: (rule, input) => {
      const { run, ok } = read(rule, input)
      return ok ? collect(run, { kind: 'rule', name: rule.toLowerCase() }) : new Set()
    },
  }
}
