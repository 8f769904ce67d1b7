// Sockets to a PostgreSQL server, from addresses that may be reached, under TLS where the data source wants it.
import type { Duplex } from 'node:stream'
import type { DatabaseSocket, DatabaseSockets } from '#egress/database-sockets.ts'
import { ConnectorError } from '../errors.ts'
import type { Settings } from './settings.ts'

/** Frontend/Backend Protocol, Message Formats: the request codes of SSLRequest and CancelRequest. */
const requestCodes = { tls: 80_877_103, cancel: 80_877_102 } as const

const message = (...numbers: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 + numbers.length * 4)
  bytes.writeInt32BE(bytes.length, 0)
  for (const [i, number] of numbers.entries()) bytes.writeInt32BE(number, 4 + i * 4)
  return bytes
}

const noTls = (): ConnectorError =>
  new ConnectorError(
    'rejected',
    'The database server does not offer TLS; turn it on there, or set SSL to disable.',
  )

const broken = (): ConnectorError =>
  new ConnectorError('unavailable', 'The database server broke the connection.')

/** The one byte that answers an SSLRequest. */
const answerToTls = async (socket: DatabaseSocket, signal: AbortSignal): Promise<Buffer> => {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const refuse = (): void => reject(broken())
  const abort = (): void => reject(signal.reason as Error)
  socket.once('data', resolve).once('close', refuse)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', abort)
    socket.off('data', resolve).off('close', refuse)
  }
}

/**
 * Opens a socket for a data source and, unless it says `disable`, has TLS agreed on before anything else is sent. Throws
 * `UpstreamError`, `ConnectorError` or the signal's reason.
 */
export const openTransport = async (
  sockets: DatabaseSockets,
  { host, port, tls }: Settings,
  signal: AbortSignal,
): Promise<DatabaseSocket> => {
  const socket = await sockets.open({ host, port, plain: tls === 'disable' }, signal)
  if (tls === 'disable') return socket
  try {
    socket.write(message(requestCodes.tls))
    const answer = await answerToTls(socket, signal)
    // More than one byte was put there by somebody in between, to be taken for the server's word after TLS.
    if (answer.toString('latin1') !== 'S') throw noTls()
    return await sockets.secure(socket, { host, verify: tls === 'verify-full' }, signal)
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** The driver connects its stream itself; this one is connected already, to an address that was looked at. */
export const asUnconnected = (socket: DatabaseSocket): Duplex =>
  Object.assign(socket, {
    connect: (): DatabaseSocket => {
      setImmediate(() => socket.emit('connect'))
      return socket
    },
  })

/** Sends a CancelRequest; resolves when the server has closed its side, which it does once the signal is given. */
export const sendCancel = async (
  sockets: DatabaseSockets,
  settings: Settings,
  { processId, secret }: { readonly processId: number; readonly secret: number },
): Promise<void> => {
  const signal = AbortSignal.timeout(settings.loginTimeout)
  const socket = await openTransport(sockets, settings, signal)
  const { promise, resolve } = Promise.withResolvers<void>()
  const give = (): void => void socket.destroy()
  signal.addEventListener('abort', give)
  socket
    .on('error', () => undefined)
    .once('close', resolve)
    .resume()
  socket.write(message(requestCodes.cancel, processId, secret))
  await promise
  signal.removeEventListener('abort', give)
}
