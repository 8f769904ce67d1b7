// Rows as the body of an answer: one text when it is short, else a stream with back-pressure.
import type { SealedLinks } from './sealed-links.ts'
import type { ODataAnswer } from './service-answer.ts'

/** An answer of up to so many characters goes out as one text; a longer one is streamed in such pieces. */
const gathered = 65_536

/** What becomes of rows, which come in batches: text, and what stands behind the last of them. */
export type BatchRenderer<Batch> = {
  readonly add: (batch: Batch) => string
  readonly end: () => string
  /** Whether no more rows are wanted. */
  readonly isComplete: () => boolean
}

/** Adds to a text until it is long, or the rows complete. */
const gather = async <B>(rows: AsyncIterator<B>, renderer: BatchRenderer<B>, prefix: string) => {
  let text = prefix
  while (!renderer.isComplete()) {
    if (text.length > gathered) return { text, complete: false }
    const next = await rows.next()
    if (next.done === true) break
    text += renderer.add(next.value)
  }
  return { text: text + renderer.end(), complete: true }
}

const renderStream = async function* <B>(
  begun: string,
  rows: AsyncIterator<B>,
  renderer: BatchRenderer<B>,
): AsyncGenerator<string> {
  yield begun
  for (let complete = false; !complete; ) {
    const piece = await gather(rows, renderer, '')
    yield piece.text
    complete = piece.complete
  }
}

/** A stream that gives its rows back even when it is closed before it was begun. */
const streamRows = <B>(
  begun: string,
  rows: AsyncIterator<B>,
  renderer: BatchRenderer<B>,
): AsyncIterable<string> => ({
  [Symbol.asyncIterator]: () => {
    const text = renderStream(begun, rows, renderer)
    const close = async (): Promise<IteratorResult<string>> => {
      await rows.return?.()
      return { done: true, value: undefined }
    }
    const next = async (): Promise<IteratorResult<string>> => {
      const found = await text.next()
      if (found.done === true) await rows.return?.()
      return found
    }
    return { next, return: close }
  },
})

/**
 * The body: one text when it is short, else a stream; never more than a piece of it is held (DESIGN invariant 22). The
 * rows are given back at the end of either, however it comes.
 */
export const renderBody = async <B>(
  rows: AsyncIterator<B>,
  renderer: BatchRenderer<B>,
  prefix: string,
  links: SealedLinks,
): Promise<Pick<ODataAnswer, 'body' | 'identity'>> => {
  let streams = false
  try {
    const { text, complete } = await gather(rows, renderer, prefix)
    streams = !complete
    if (complete) return { body: text, identity: links.identityOf(text) }
    links.forget()
    return { body: streamRows(text, rows, renderer) }
  } finally {
    if (!streams) await rows.return?.()
  }
}
