// A process that runs statements one at a time for the server, which may kill it at any moment. It has
// one batch ready at most: rows are read when they are asked for.
import type { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { Refusal } from '#lib/refusal.ts'
import type { Row } from '#query/plan.ts'
import { type Collector, createCollector } from '../readers/collector.ts'
import { type FromReader, refusalOf, type ToReader } from '../readers/messages.ts'
import { bindable, openReadOnly, prepareRows } from './connection.ts'
import type { ReadRequest } from './reader-messages.ts'

const lockWait = 5000

let opened:
  | { readonly file: string; readonly identity: string; readonly db: DatabaseSync }
  | undefined
type Cursor = { readonly rows: IterableIterator<Row>; readonly collector: Collector }
let cursor: Cursor | undefined

const send = (message: FromReader): void => void process.send?.(message)

const database = ({ file, identity }: ReadRequest): DatabaseSync => {
  if (opened?.file === file && opened.identity === identity) return opened.db
  opened?.db.close()
  opened = undefined
  const db = openReadOnly(file, lockWait)
  opened = { file, identity, db }
  return db
}

const sendBatch = ({ rows, collector }: Cursor): void => {
  while (!collector.isFull()) {
    const next = rows.next()
    if (next.done === true) {
      cursor = undefined
      return send({ kind: 'rows', rows: collector.take(), done: true })
    }
    collector.add(next.value)
  }
  send({ kind: 'rows', rows: collector.take(), done: false })
}

const handle = (message: ToReader<ReadRequest>): void => {
  // Heard between statements only, when there is nothing left to interrupt.
  if (message.kind === 'interrupt') return
  if (message.kind === 'read') {
    const statement = prepareRows(database(message), message.text, message.exact)
    const rows = statement.iterate(message.values.map(bindable))
    cursor = { rows, collector: createCollector(message.wanted) }
  }
  if (message.kind === 'stop') {
    cursor?.rows.return?.()
    cursor = undefined
    return send({ kind: 'stopped' })
  }
  if (cursor !== undefined) sendBatch(cursor)
}

const failureOf = (error: unknown): FromReader => {
  const { errcode, message: detail } = error as Error & { errcode?: number }
  // Said by a function of ours, of what it is asked for.
  if (error instanceof Refusal)
    return { kind: 'failed', as: 'unsupported', message: detail, detail }
  const busy = errcode === 5 || errcode === 6
  const message = busy
    ? 'The database is being written to; try again.'
    : 'The database refused the read.'
  return { kind: 'failed', as: busy ? 'busy' : 'rejected', message, detail }
}

const answer = (message: ToReader<ReadRequest>): void => {
  try {
    handle(message)
  } catch (error) {
    cursor?.rows.return?.()
    cursor = undefined
    send(refusalOf(error) ?? failureOf(error))
  }
}

process.on('disconnect', () => process.exit(0))

// Inside a long statement the end of the server is not noticed, so a thread watches for it. It cannot come up while this one
// is in a statement: messages wait until it has (Node keeps them for the first listener).
const watch = new Worker(new URL('./parent-watch.ts', import.meta.url), {
  workerData: process.ppid,
})
watch.once('message', () => {
  watch.unref()
  process.on('message', answer)
})
