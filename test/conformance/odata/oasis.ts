// The grammar and the test cases of the OASIS technical committee. They are no part of this project: they
// are read from a folder beside it, and what needs them is skipped where it is absent.
import { existsSync, readFileSync } from 'node:fs'
import { readAbnf, withNames, type Grammar } from './abnf/grammar.ts'

export type Case = {
  readonly grammar: 'core' | 'aggregation'
  readonly Name: string
  readonly Rule: string
  readonly Input: string
  /** The parse must fail, at this 0-based offset. */
  readonly FailAt?: number
  /** `rule:text`: what a rule covers in the parse. */
  readonly Expect?: readonly string[]
}

const folder = new URL('../../../../shared/odata/', import.meta.url)

/** For `skip`: why there is nothing to test here, or `false`. */
export const missing: string | false = existsSync(new URL('grammar-cases.json', folder))
  ? false
  : 'the OASIS grammar is not beside this project (../shared/odata)'

const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

export type Names = Readonly<Record<string, readonly string[]>>

/** The grammar as it is published, where any identifier can be any name, and the names that the cases assume. */
export type Published = {
  readonly grammar: Grammar
  readonly names: { readonly core: Names; readonly aggregation: Names }
  readonly cases: readonly Case[]
}

/** Reads the folder; call it only where `missing` is false. */
export const readPublished = (): Published => ({
  grammar: readAbnf(
    read('odata-aggregation-abnf.txt'),
    readAbnf(read('odata-abnf-construction-rules.txt')),
  ),
  names: {
    core: JSON.parse(read('odata-abnf-model-names.json')) as Names,
    aggregation: JSON.parse(read('odata-aggregation-model-names.json')) as Names,
  },
  cases: JSON.parse(read('grammar-cases.json')) as readonly Case[],
})

/** The grammar of the cases: names are those of a model. */
export const namedGrammar = ({ grammar, names }: Published, extension: Case['grammar']): Grammar =>
  withNames(grammar, names[extension])
