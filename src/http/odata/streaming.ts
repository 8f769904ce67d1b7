// The text of a page, whole when it is short, in pieces when it is not.
import type { Row } from '#query/plan.ts'

/** Makes text of rows, and tells when no more are wanted. */
export type PageRenderer = {
  readonly add: (rows: readonly Row[]) => string
  readonly end: () => string
  readonly isComplete: () => boolean
}

/** An answer of up to so many characters goes out as one text; a longer one is streamed in such pieces. */
const gathered = 65_536

type Rows = AsyncIterator<readonly Row[]>

/** Adds to a text until it is long, or the page complete. */
export const gather = async (rows: Rows, renderer: PageRenderer, prefix: string) => {
  let text = prefix
  while (!renderer.isComplete()) {
    if (text.length > gathered) return { text, complete: false }
    const next = await rows.next()
    if (next.done === true) break
    text += renderer.add(next.value)
  }
  return { text: text + renderer.end(), complete: true }
}

const renderStream = async function* (
  begun: string,
  rows: Rows,
  renderer: PageRenderer,
): AsyncGenerator<string> {
  yield begun
  for (let complete = false; !complete; ) {
    const piece = await gather(rows, renderer, '')
    yield piece.text
    complete = piece.complete
  }
}

/** A stream that gives its rows back even when it is closed before it was begun. */
export const streamPage = (
  begun: string,
  rows: Rows,
  renderer: PageRenderer,
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
