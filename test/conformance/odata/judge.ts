// Our parser and the grammar, side by side.
import fc from 'fast-check'
import { ODataError } from '#odata/errors.ts'
import { parseQueryOptions } from '#odata/parse/query-options.ts'
import { parseResourcePath } from '#odata/parse/resource-path.ts'
import { createGenerator, type Generator } from './abnf/generate.ts'
import { withNames } from './abnf/grammar.ts'
import { createOracle, type Oracle } from './abnf/oracle.ts'
import { amendments, reserved } from './amendments.ts'
import { decodedGrammar, options } from './decoded.ts'
import { exceptions, isOneOf, isSamePlace, notOffered, unplaced } from './exceptions.ts'
import type { Published } from './oasis.ts'

export const judged = [...options, 'key'] as const
export type Judged = (typeof judged)[number]

export type Outcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: ODataError['kind']; readonly position: number | undefined }

export const outcomeOf = (parse: () => unknown): Outcome => {
  try {
    parse()
    return { kind: 'accepted' }
  } catch (error) {
    if (!(error instanceof ODataError)) throw error
    return { kind: error.kind, position: error.position }
  }
}

// A semicolon that is percent-encoded belongs to a word of $search; here it always ends an option.
const encoded = (text: string): string => encodeURIComponent(text).replaceAll('%3B', ';')

/** What our parser says to the text; its position counts in the text. */
export const ours = (what: Judged, text: string): Outcome => {
  if (what !== 'key') return outcomeOf(() => parseQueryOptions(`$${what}=${encoded(text)}`))
  const outcome = outcomeOf(() => parseResourcePath(`S${encodeURIComponent(text)}`))
  return outcome.kind === 'accepted' || outcome.position === undefined
    ? outcome
    : { ...outcome, position: outcome.position - 1 }
}

export type Judges = {
  /** Right by the published grammar, with the names of the cases; longer lists of numbers make longer texts. */
  readonly write: (what: Judged, decisions: readonly number[]) => string
  /** How our parser and the grammar disagree; undefined where they agree, 'exception' where it is not judged. */
  readonly compare: (what: Judged, text: string) => string | undefined
}

const disagreement = (oracle: Oracle, what: Judged, text: string): string | undefined => {
  const written = `${what}=${text}`
  if (isOneOf(exceptions, written)) return 'exception'
  const { ok, failAt } = oracle.matches(`$${what}`, text)
  const found = ours(what, text)
  if (found.kind === 'accepted')
    return ok ? undefined : `accepted, and the grammar fails at ${failAt}: ${written}`
  if (found.kind === 'not-implemented' && isOneOf(notOffered, written)) return undefined
  const said = `${found.kind} at ${found.position}`
  if (ok) return `${said}, and the grammar accepts it: ${written}`
  const isPlaced = found.position !== undefined && isSamePlace(text, found.position, failAt)
  if (found.kind === 'bad-request' && (isPlaced || isOneOf(unplaced, written))) return undefined
  return `${said}, and the grammar fails at ${failAt}: ${written}`
}

export const createJudges = ({ grammar, names }: Published): Judges => {
  const oracle = createOracle(decodedGrammar(grammar, amendments, reserved))
  const plain = decodedGrammar(grammar, '', {})
  const generators: Readonly<Record<'core' | 'aggregation', Generator>> = {
    core: createGenerator(withNames(plain, names.core)),
    aggregation: createGenerator(withNames(plain, names.aggregation)),
  }
  return {
    write: (what, decisions) =>
      generators[what === 'apply' ? 'aggregation' : 'core'](`$${what}`, decisions),
    compare: (what, text) => disagreement(oracle, what, text),
  }
}

/** Decisions of a generator; they shrink to a simpler text. */
export const decisions = fc.array(fc.nat(999), { minLength: 1, maxLength: 60 })

const replacements = Array.from('aZ0_9 .,;:\'"()[]{}/?&=+-*%$@#!~|\\<>^`\té😀')

/** One character of a text removed, doubled or replaced. */
export const breakages = fc.record({
  how: fc.constantFrom('remove', 'double', 'replace'),
  where: fc.nat(999),
  by: fc.constantFrom(...replacements),
})

export const broken = (
  text: string,
  { how, where, by }: { how: string; where: number; by: string },
): string => {
  const characters = Array.from(text)
  const at = where % Math.max(1, characters.length)
  const put = { remove: [], double: [characters[at] ?? '', characters[at] ?? ''], replace: [by] }[
    how
  ]
  characters.splice(at, 1, ...(put ?? []))
  return characters.join('')
}
