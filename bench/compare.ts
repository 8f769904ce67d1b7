import type { Generator } from './children.ts'
import { childrenOf, processorSecondsOf } from './cpu.ts'
import type { Job, Measured } from './job.ts'
import { median } from './statistics.ts'

/** What is asked of a server again and again, for however long. */
export type Load = Omit<Job, 'milliseconds'>

/** A path of the server and the same work without the server. */
export type Comparison = {
  readonly row: string
  readonly path: string
  readonly limit: Load
  readonly ours: Load
  /** Whose processor time is counted, with that of their children. */
  readonly pids: { readonly limit: readonly number[]; readonly ours: readonly number[] }
  /** Undefined where the design promises nothing. */
  readonly target: { readonly floor: number; readonly goal: number } | undefined
}

export type Compared = Comparison & {
  readonly limitPerSecond: number
  readonly oursPerSecond: number
  /** The median of the ratios of neighbouring rounds: what disturbs the machine disturbs both. */
  readonly ratio: number
  /**
   * The ratio of the answers per second of processor time: what it would be if each server had a core to itself.
   * Undefined where the system does not tell.
   */
  readonly processorRatio: number | undefined
  readonly p99: number
  /** The busiest share of a core that the generator used. */
  readonly generatorBusy: number
}

export type Rounds = {
  readonly count: number
  readonly milliseconds: number
  readonly warmUp: number
}

const check = (path: string, { wrong, perSecond }: Measured): void => {
  if (wrong > 0) throw new Error(`${path}: ${wrong} answers were not 200`)
  if (perSecond === 0) throw new Error(`${path}: nothing was answered`)
}

type Round = Measured & { readonly perProcessorSecond: number | undefined }
type Pair = { readonly limit: Round; readonly ours: Round }

const processorRatioOf = (pairs: readonly Pair[]): number | undefined => {
  const ratios = pairs.flatMap(({ limit, ours }) =>
    limit.perProcessorSecond === undefined || ours.perProcessorSecond === undefined
      ? []
      : [ours.perProcessorSecond / limit.perProcessorSecond],
  )
  return ratios.length === 0 ? undefined : median(ratios)
}

/** Measures the limit and ours in turn, in short rounds. */
export const compare = async (
  generator: Generator,
  comparison: Comparison,
  rounds: Rounds,
): Promise<Compared> => {
  const { path } = comparison
  const latest = { limit: comparison.limit, ours: comparison.ours }
  const measure = async (side: 'limit' | 'ours', milliseconds: number): Promise<Round> => {
    const used = () =>
      processorSecondsOf(comparison.pids[side].flatMap((pid) => [pid, ...childrenOf(pid)]))
    const before = used()
    const measured = await generator.run({ ...latest[side], milliseconds })
    const after = used()
    check(`${path} (${side})`, measured)
    if (measured.bodies !== undefined) latest[side] = { ...latest[side], bodies: measured.bodies }
    const known = before !== undefined && after !== undefined && after > before
    const answered = (measured.perSecond * milliseconds) / 1000
    return { ...measured, perProcessorSecond: known ? answered / (after - before) : undefined }
  }
  await measure('limit', rounds.warmUp)
  await measure('ours', rounds.warmUp)
  const pairs: Pair[] = []
  while (pairs.length < rounds.count)
    pairs.push({
      limit: await measure('limit', rounds.milliseconds),
      ours: await measure('ours', rounds.milliseconds),
    })
  return {
    ...comparison,
    limitPerSecond: median(pairs.map(({ limit }) => limit.perSecond)),
    oursPerSecond: median(pairs.map(({ ours }) => ours.perSecond)),
    ratio: median(pairs.map(({ limit, ours }) => ours.perSecond / limit.perSecond)),
    processorRatio: processorRatioOf(pairs),
    p99: median(pairs.map(({ ours }) => ours.p99)),
    generatorBusy: Math.max(...pairs.flatMap(({ limit, ours }) => [limit.busy, ours.busy])),
  }
}
