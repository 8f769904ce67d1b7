// Texts of a rule, made by walking the grammar. Every decision is a number that the caller gives; when they
// run out, or the walk is deep, the cheapest way to an end is taken. So a shorter list of smaller numbers is a
// simpler text, and whoever shrinks the numbers shrinks the text.
import type { Grammar, Node } from './grammar.ts'

type Costs = ReadonlyMap<Node, number>

const costOf = (grammar: Grammar, costs: Costs, node: Node): number => {
  switch (node.kind) {
    case 'text':
      return node.text.length
    case 'character':
      return 1
    case 'rule':
      return (costs.get(grammar.get(node.name) ?? node) ?? Number.POSITIVE_INFINITY) + 1
    case 'among':
      return Math.min(...node.texts.map((text) => text.length))
    case 'except':
      return costOf(grammar, costs, node.part)
    case 'sequence':
      return node.parts.reduce((sum, part) => sum + costOf(grammar, costs, part), 0)
    case 'choice':
      return Math.min(...node.choices.map((choice) => costOf(grammar, costs, choice)))
    case 'repeat':
      return node.least === 0 ? 0 : node.least * costOf(grammar, costs, node.part)
  }
}

/** What the cheapest text of each rule costs: infinite where a rule has none. */
const costsOf = (grammar: Grammar): Costs => {
  const costs = new Map<Node, number>()
  for (let changed = true; changed; ) {
    changed = false
    for (const body of grammar.values()) {
      const cost = costOf(grammar, costs, body)
      if (cost < (costs.get(body) ?? Number.POSITIVE_INFINITY)) {
        costs.set(body, cost)
        changed = true
      }
    }
  }
  return costs
}

// Letters, digits, what has a meaning in URLs and expressions, and what has more than one byte or UTF-16 unit.
const interesting = Array.from(
  'aZ0_9 .,;:\'"()[]{}/?&=+-*%$@#!~|\\<>^`\té😀',
  (one) => one.codePointAt(0) ?? 0,
)

const isIn = (node: Extract<Node, { kind: 'character' }>, point: number): boolean =>
  node.ranges.some(([from, to]) => from <= point && point <= to)

export type Generator = (rule: string, decisions: readonly number[]) => string

type Options = {
  /** How many rules may be open before only the cheapest way is taken. */
  readonly depth: number
  /** How often at most what may repeat without end is repeated. */
  readonly repeats: number
}

/** A generator over a grammar. It throws for a rule that has no finite text. */
export const createGenerator = (
  grammar: Grammar,
  { depth: deepest, repeats }: Options = { depth: 60, repeats: 3 },
): Generator => {
  const costs = costsOf(grammar)
  const cost = (node: Node): number => costOf(grammar, costs, node)
  const ordered = new Map<Node, readonly Node[]>()
  /** Choices that lead to an end, the cheapest first. */
  const choicesOf = (node: Extract<Node, { kind: 'choice' }>): readonly Node[] => {
    const known =
      ordered.get(node) ??
      node.choices
        .filter((choice) => Number.isFinite(cost(choice)))
        .toSorted((a, b) => cost(a) - cost(b))
    ordered.set(node, known)
    return known
  }
  return (rule, decisions) => {
    let next = 0
    /** A number below `count`; 0 when no decision is left or the walk is deep. */
    const decide = (count: number, depth: number): number =>
      count < 2 || depth > deepest ? 0 : (decisions[next++] ?? 0) % count
    const pick = <T>(among: readonly T[], depth: number): T => {
      const picked = among[decide(among.length, depth)]
      if (picked === undefined) throw new Error(`Nothing to choose from in '${rule}'`)
      return picked
    }
    const write = (node: Node, depth: number): string => {
      switch (node.kind) {
        case 'text':
          return node.text
        case 'character': {
          const [first] = node.ranges
          const points = interesting.filter((point) => isIn(node, point))
          return String.fromCodePoint(pick(points.length > 0 ? points : (first ?? []), depth))
        }
        case 'rule':
          return write(grammar.get(node.name) ?? node, depth + 1)
        case 'among':
          return pick(node.texts, depth)
        case 'except':
          return write(node.part, depth)
        case 'sequence':
          return node.parts.map((part) => write(part, depth)).join('')
        case 'choice':
          return write(pick(choicesOf(node), depth), depth)
        case 'repeat': {
          const more = Number.isFinite(cost(node.part))
            ? Math.min(node.most - node.least, repeats)
            : 0
          const times = node.least + decide(more + 1, depth)
          return Array.from({ length: times }, () => write(node.part, depth)).join('')
        }
      }
    }
    const root: Node = { kind: 'rule', name: rule.toLowerCase() }
    if (!Number.isFinite(cost(root))) throw new Error(`The rule '${rule}' has no finite text`)
    return write(root, 0)
  }
}
