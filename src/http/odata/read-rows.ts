// The rows of a plan, and how many they are: what the source cannot do is done here.
import type { Source } from '#connectors/connector.ts'
import { applyRest } from '#query/evaluate.ts'
import type { ReadPlan, Row } from '#query/plan.ts'
import { splitCount, splitPlan } from '#query/split.ts'
import type { Call } from './service.ts'

/** Rows of a plan, with what the source cannot do done here. */
export const readRows = (
  source: Source,
  plan: ReadPlan,
  signal: AbortSignal,
): AsyncIterable<readonly Row[]> => {
  const { pushed, rest } = splitPlan(plan, source.capabilities)
  const rows = source.read(pushed, signal)
  return rest === undefined ? rows : applyRest(rows, rest, plan.values)
}

/** How many rows a plan has, whatever its limit and offset. */
export const countRows = async ({ deps, signal }: Call, plan: ReadPlan): Promise<bigint> => {
  const { pushed, rest } = splitCount(plan, deps.source.capabilities)
  if (rest === undefined) return deps.source.count(pushed, signal)
  let total = 0n
  const rows = applyRest(deps.source.read(pushed, signal), rest, plan.values)
  for await (const batch of rows) total += BigInt(batch.length)
  return total
}
