// T70: what a text costs grows with its length and no faster, whatever the grammar writes into it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ODataError } from '#odata/errors.ts'
import { scan } from '#odata/parse/grammar.ts'
import { emptyOptions, optionReaders } from '#odata/parse/options.ts'
import { options, type Option } from './decoded.ts'
import { createJudges, decisions } from './judge.ts'
import { missing, readPublished } from './oasis.ts'

/** How a text is put behind another of its kind. */
const joined: Readonly<Record<Option, (texts: readonly string[]) => string>> = {
  filter: (texts) => texts.map((text) => `(${text})`).join(' and '),
  orderby: (texts) => texts.join(','),
  select: (texts) => texts.join(','),
  expand: (texts) => texts.join(','),
  compute: (texts) => texts.join(','),
  search: (texts) => texts.join(' '),
  apply: (texts) => texts.join('/'),
}

/** Reads that the parser attempts; a text that is refused counts as far as it was read. */
const stepsOf = (option: Option, text: string): number => {
  const scanner = scan(text, `$${option}`)
  try {
    optionReaders[option](scanner, emptyOptions())
  } catch (error) {
    if (!(error instanceof ODataError)) throw error
  }
  return scanner.steps
}

describe('parsing what the grammar writes', { skip: missing }, () => {
  const judges = missing ? undefined : createJudges(readPublished())
  for (const option of options)
    test(`T70: takes steps linear in the length of a ${option}`, () => {
      const texts = decisions.map((numbers) => judges?.write(option, numbers) ?? '')
      fc.assert(
        fc.property(texts, (text) => {
          const [short, long] = [50, 400].map((times) =>
            joined[option](Array.from({ length: times }, () => text)),
          )
          for (const whole of [short ?? '', long ?? ''])
            assert.ok(stepsOf(option, whole) <= 12 * whole.length + 1000, text)
          // Eight times the text: nine times the steps at most.
          assert.ok(stepsOf(option, long ?? '') <= 9 * stepsOf(option, short ?? '') + 100, text)
        }),
        { numRuns: 40, seed: 70 },
      )
    })
})
