import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { withinOneSecond } from './fleet.ts'

// Answers that stay open, because they are far more than all buffers hold and nobody reads on.

/** What the whole answer has more than. */
export const wideBytes = 70_000_000

/** A file for such answers, `wide.db` with the table Page; nobody minds when a crash takes it, so nothing waits for the disk. */
export const createWideFile = (directory: string, more = ''): void => {
  const database = new DatabaseSync(join(directory, 'wide.db'))
  database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    CREATE TABLE Page (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
    INSERT INTO Page WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
      SELECT i, hex(zeroblob(4000)) FROM n; ${more}`)
  database.close()
}

/** The options of a data source over it, whose one page is everything. */
export const wideOptions = { Database: 'wide.db', ODataPageSize: '10000' } as const

/** Begins a long answer and does not read on: it stays open. */
export const openAnswer = (url: string, authorization: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = get(url, { headers: { authorization } }, (response) => {
      response.once('readable', () => {
        response.read(1000)
        resolve(response)
      })
    })
    request.once('error', reject)
  })

/** Reads on to the end: the number of bytes, and whether the answer came whole. */
export const drain = (
  response: IncomingMessage,
): Promise<{ readonly whole: boolean; readonly bytes: number }> =>
  new Promise((resolve) => {
    let bytes = 0
    response.on('data', (chunk: Buffer) => (bytes += chunk.length))
    const end = (): void => resolve({ whole: response.complete, bytes })
    // One that was cut while it had sent little is over before anybody listens.
    if (response.closed) end()
    else response.once('close', end)
    response.once('error', () => undefined)
  })

/** How many answers a server has cut. A client that does not read on does not notice. */
export const countCuts = async (metricsPort: number): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  return Number(/^headgate_streams_cut_total (\d+)$/m.exec(text)?.[1] ?? 0)
}

/** Waits until a server has cut so many more answers than the given ones; throws when that takes more than a second. */
export const cutWithinOneSecond = (
  metricsPort: number,
  { before, more = 1 }: { readonly before: number; readonly more?: number },
): Promise<number> =>
  withinOneSecond(
    'the open answers are cut',
    async () => (await countCuts(metricsPort)) >= before + more,
  )
