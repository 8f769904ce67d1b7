// A source that is asked as the real one would be, and notes what it is asked instead of answering. So an explanation follows the
// very steps of reading, and cannot say anything else.
import type { Source, SourceExplanation } from '#connectors/connector.ts'
import { everything } from '#query/capabilities.ts'
import type { ReadPlan } from '#query/plan.ts'
import { splitCount, splitPlan, type Split } from '#query/split.ts'
import { isStream, type ODataAnswer } from '../service-answer.ts'

/** One thing that the store would be asked. */
export type Recorded = {
  readonly what: 'rows' | 'count'
  /** As it was understood, before it is split. */
  readonly plan: ReadPlan
  readonly split: Split
  readonly store: SourceExplanation
}

/** Ends the reading where the first row would have come; nobody but `follow` meets it. */
class EnoughKnown extends Error {}

const drain = async ({ body }: ODataAnswer): Promise<void> => {
  if (isStream(body)) for await (const _piece of body);
}

export const createRecorder = (source: Source) => {
  const recorded: Recorded[] = []
  const note = async (
    what: Recorded['what'],
    plan: ReadPlan,
    signal: AbortSignal,
  ): Promise<void> => {
    const isCount = what === 'count'
    const split = (isCount ? splitCount : splitPlan)(plan, source.capabilities)
    // What cannot be counted there is read and counted here.
    const asked = isCount && split.rest === undefined ? 'count' : 'rows'
    const store = await source.explain(split.pushed, asked, signal)
    recorded.push({ what, plan, split, store })
  }
  const recording: Source = {
    // Whoever asks does not split: it is done here, where both halves are noted.
    capabilities: everything,
    version: source.version,
    describe: source.describe,
    explain: source.explain,
    close: source.close,
    count: async (plan, signal) => {
      await note('count', plan, signal)
      return 0n
    },
    // oxlint-disable-next-line require-yield
    read: async function* (plan, signal) {
      await note('rows', plan, signal)
      throw new EnoughKnown()
    },
  }
  /** What `read` asks of the store, as far as the first row. Throws what it throws. */
  const follow = async (
    read: (source: Source) => ODataAnswer | Promise<ODataAnswer>,
  ): Promise<readonly Recorded[]> => {
    try {
      await drain(await read(recording))
    } catch (error) {
      if (!(error instanceof EnoughKnown)) throw error
    }
    return recorded
  }
  return { follow }
}
