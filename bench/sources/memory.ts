// Memory against the size of a result: it must not grow with it (DESIGN invariant 22).
import { peakDuring } from '../resident.ts'
import type { Line } from '../table.ts'
import type { DataServer } from './ground.ts'
import { readPage } from './data-sources.ts'

export const memoryHeading: Line = ['path', 'rows', 'server', 'readers', 'to smallest', 'rows/s']

/** Reads a collection to its end, page after page; answers the number of its rows. */
const walk = async (url: string, token: string): Promise<number> => {
  let rows = 0
  for (let next: string | undefined = url; next !== undefined; ) {
    const page = await readPage(next, token)
    rows += page.rows.length
    next = page.next
  }
  return rows
}

/** Walks of a size until they have had so many rows together. */
const walks = async (url: string, token: string, size: number, least: number): Promise<number> => {
  let rows = 0
  while (rows < least) {
    const found = await walk(url, token)
    if (found !== size) throw new Error(`${url} gave ${found} rows instead of ${size}`)
    rows += found
  }
  return rows
}

const megabytes = (value: number | undefined): string =>
  value === undefined ? 'not measured' : `${Math.round(value)} MB`

/** What is read: the collection, and results of which sizes. */
export type Measured = {
  readonly words: string
  readonly collection: string
  readonly sizes: readonly number[]
}

/**
 * What is resident in the server, and in the processes that read for it, while results of each size are read. A server that
 * has been running for a while has grown for reasons that are none of the size's; so that each size finds the same, a
 * small result is asked for again and again until as much was read as of a larger one.
 * @param least rows that are read at each size
 */
export const measureMemory = async (
  { headgate, token }: DataServer,
  { words, collection, sizes }: Measured,
  least: number,
): Promise<readonly Line[]> => {
  const url = (size: number): string => `${headgate.url}${collection}?$top=${size}`
  const [smallest = 0] = sizes
  await walks(url(smallest), token, smallest, least)
  const lines: Line[] = []
  let first: number | undefined
  for (const size of sizes) {
    const begun = performance.now()
    const { peak, result } = await peakDuring(headgate.pid, () =>
      walks(url(size), token, size, least),
    )
    const seconds = (performance.now() - begun) / 1000
    first ??= peak.server
    const ratio = first === undefined ? '-' : ((peak.server ?? 0) / first).toFixed(2)
    lines.push([
      words,
      String(size),
      megabytes(peak.server),
      megabytes(peak.readers),
      ratio,
      String(Math.round(result / seconds)),
    ])
  }
  return lines
}
