// Texts that the grammar writes are read, and broken ones refused where the grammar fails: the same
// properties with small numbers in every run, and with large ones in `npm run long`.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { breakages, broken, createJudges, decisions, judged, ours } from './judge.ts'
import { missing, readPublished } from './oasis.ts'

// Longer ones take the oracle long and say no more.
const longest = 150

export type Runs = { readonly right: number; readonly wrong: number; readonly seed?: number }

export const testGrammar = ({ right, wrong, seed }: Runs): void => {
  const seeded = seed === undefined ? {} : { seed }
  describe('what the published grammar writes', { skip: missing }, () => {
    const judges = missing ? undefined : createJudges(readPublished())
    for (const what of judged) {
      const texts = decisions
        .map((numbers) => judges?.write(what, numbers) ?? '')
        .filter((text) => text.length <= longest)
      /** Most texts must be judged; tells how many of those our parser accepted. */
      const judgeAll = (arbitrary: fc.Arbitrary<string>, numRuns: number): number => {
        let judgedTexts = 0
        let accepted = 0
        const judge = (text: string): void => {
          const said = judges?.compare(what, text)
          if (said === 'exception') return
          judgedTexts++
          if (ours(what, text).kind === 'accepted') accepted++
          assert.equal(said, undefined)
        }
        fc.assert(fc.property(arbitrary, judge), { numRuns, ...seeded })
        assert.ok(judgedTexts > numRuns / 2, `only ${judgedTexts} of ${numRuns} were judged`)
        return accepted / judgedTexts
      }
      test(`is read by our parser when it is a ${what}`, () => {
        const accepted = judgeAll(texts, right)
        // The rest is what our amendments refuse, most of it keys as segments in expressions.
        assert.ok(accepted > 0.75, `only ${accepted} of them were accepted`)
      })
      test(`is refused where the grammar fails when one character of a ${what} is wrong`, () => {
        judgeAll(
          fc.tuple(texts, breakages).map(([text, breakage]) => broken(text, breakage)),
          wrong,
        )
      })
    }
  })
}
