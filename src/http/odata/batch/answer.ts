// A batch from its text to its answer (OData 4.01 Protocol 11.7).
import { randomUUID } from 'node:crypto'
import { ODataError } from '#odata/errors.ts'
import { plainJsonType } from '../format.ts'
import { parseMediaRange } from '../media.ts'
import { parsePrefer, preferenceApplied } from '../prefer.ts'
import { answerWith, type ODataAnswer } from '../service-answer.ts'
import { negotiateVersion } from '../versions.ts'
import { fromJson } from './from-json.ts'
import { fromMultipart } from './from-multipart.ts'
import type { BatchItem } from './item.ts'
import { runBatch, type BatchDeps } from './run.ts'
import { toJson } from './to-json.ts'
import { toMultipart } from './to-multipart.ts'

export type Batch = { readonly form: 'json' | 'multipart'; readonly items: readonly BatchItem[] }

/** Throws 415 for what is no batch by its type. */
export const checkBatchType = (contentType: string | undefined) => {
  const type = parseMediaRange(contentType ?? '')
  if (type.type === 'multipart/mixed' || type.type === 'application/json') return type
  throw new ODataError('unsupported-media', 'A batch is multipart/mixed, or application/json.')
}

/** Throws 400 for a body that is no batch. What is wrong with one request is told in its place. */
export const parseBatch = (text: string, contentType: string | undefined): Batch => {
  const type = checkBatchType(contentType)
  return type.type === 'multipart/mixed'
    ? { form: 'multipart', items: fromMultipart(text, type) }
    : { form: 'json', items: fromJson(text) }
}

/**
 * Answers a batch in the format that it came in, as a stream: 200, whatever becomes of its requests. A body that breaks
 * in its middle breaks the stream, so that no half answer looks whole.
 */
export const answerBatch = (
  { form, items }: Batch,
  deps: Omit<BatchDeps, 'continueOnError'>,
): Omit<ODataAnswer, 'body'> & { readonly body: AsyncIterable<string | Uint8Array> } => {
  const version = negotiateVersion(deps.outer)
  const preferences = parsePrefer(deps.outer.prefer)
  const { continueOnError } = preferences
  const outcomes = runBatch(items, { ...deps, continueOnError })
  const applied = continueOnError ? preferenceApplied(preferences, 'continue-on-error') : {}
  const headers = { 'OData-Version': version, ...applied }
  if (form === 'json') {
    const body = toJson(outcomes)
    return { ...answerWith(200, plainJsonType(version), '', headers), body }
  }
  // Nobody can guess it, so no data can hold it.
  const boundary = `batch_${randomUUID()}`
  const type = `multipart/mixed;boundary=${boundary}`
  return { ...answerWith(200, type, '', headers), body: toMultipart(outcomes, boundary) }
}
