// A process that runs statements over files one at a time for the server, which may kill it at any moment. The engine has threads of
// its own, so that this one always listens.
import { writeFileSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'
import { type Failure, type FromReader, refusalOf, type ToReader } from '../readers/messages.ts'
import { type Cursor, openCursor } from './cursor.ts'
import { type Engine, openFolder, type OpenFolder } from './engine.ts'
import { failureOf } from './failure.ts'
import { missingEngine } from './missing-engine.ts'
import type { FilesRequest } from './messages.ts'

let engine: Engine | undefined
let opened: OpenFolder | undefined
let connection: DuckDBConnection | undefined
let cursor: Cursor | undefined
let tables: readonly string[] = []
let interrupting: NodeJS.Timeout | undefined

const load = async (): Promise<Engine | undefined> => {
  try {
    engine ??= await import('@duckdb/node-api')
  } catch {
    engine = undefined
  }
  return engine
}

const folderOf = async (loaded: Engine, folder: string): Promise<OpenFolder> => {
  if (opened?.folder === folder) return opened
  opened?.close()
  opened = undefined
  opened = await openFolder(loaded, folder)
  return opened
}

const failed = (as: Failure['as'], message: string, detail: string): Failure => ({
  kind: 'failed',
  as,
  message,
  detail,
})

const begin = async (request: FilesRequest): Promise<Failure | undefined> => {
  const loaded = await load()
  if (loaded === undefined) return failed('unsupported', missingEngine, 'it cannot be loaded')
  tables = request.views.map(({ name }) => name)
  const folder = await folderOf(loaded, request.folder).catch((error: Error) => error)
  if (folder instanceof Error)
    return failed('unavailable', 'Files cannot be read at the moment.', folder.message)
  connection = await folder.connect(request.views)
  cursor = await openCursor(loaded, connection, request)
  return undefined
}

const end = (): void => {
  cursor = undefined
  connection?.closeSync()
  connection = undefined
}

/** The engine hears it while it runs something, and forgets it between two steps: it is told until there is an answer. */
const interrupt = (): void => {
  clearInterval(interrupting)
  interrupting = setInterval(() => connection?.interrupt(), 10)
  connection?.interrupt()
}

const answerTo = async (message: ToReader<FilesRequest>): Promise<FromReader> => {
  try {
    if (message.kind === 'stop') {
      end()
      return { kind: 'stopped' }
    }
    const failure = message.kind === 'read' ? await begin(message) : undefined
    if (failure !== undefined) return failure
    const { rows, done } = (await cursor?.next()) ?? { rows: [], done: true }
    if (done) end()
    return { kind: 'rows', rows, done }
  } catch (error) {
    end()
    return refusalOf(error) ?? failureOf(error, tables)
  }
}

// Not all of the engine's memory counts towards its bound: where the system runs out of it, this process goes first (Linux).
try {
  writeFileSync('/proc/self/oom_score_adj', '1000')
} catch {
  // Elsewhere there is no such file.
}

// Whatever the engine is in the middle of, it ends with the server.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.on('message', (message: ToReader<FilesRequest>) => {
  if (message.kind === 'interrupt') return interrupt()
  void answerTo(message).then((answer) => {
    clearInterval(interrupting)
    process.send?.(answer)
  })
})
