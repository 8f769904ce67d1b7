import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import type { buildConnector } from 'undici'
import { orAborted } from '#lib/or-aborted.ts'
import type { AddressGuard, Admitted } from './address-guard.ts'
import { toUpstreamError, upstreamError } from './classify.ts'

type Target = { readonly host: string; readonly port: number; readonly secure: boolean }

/** Resolves at the event, rejects with what breaks the socket first or with the signal's reason; then the socket is gone. */
const opened = async (
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once(event, resolve)
  // Stays: between here and the next listener an error must not be nobody's.
  socket.on('error', reject)
  socket.once('close', () => reject(new Error('closed')))
  try {
    await orAborted(signal, promise)
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Hands out the admitted addresses in place of a resolver, so that the checked address is the connected one (T62). */
const lookupOf =
  ({ addresses }: Admitted): LookupFunction =>
  (_host, options, done) => {
    const list = addresses.map((address) => ({ address, family: isIP(address) }))
    const [first] = list
    if (options.all === true) done(null, list)
    else done(null, first?.address ?? '', first?.family ?? 0)
  }

/** A connected socket; both before and after connecting only addresses count that were admitted. */
export const openSocket = async (
  { host, port }: Pick<Target, 'host' | 'port'>,
  admitted: Admitted,
  signal: AbortSignal,
): Promise<Socket> => {
  const socket = connectTcp({
    host,
    port,
    lookup: lookupOf(admitted),
    autoSelectFamily: true,
    noDelay: true,
  })
  await opened(socket, 'connect', signal)
  // Nothing has been sent yet. This also sees where `0.0.0.0` and its like have led.
  if (admitted.allows(socket.remoteAddress ?? '')) return socket
  socket.destroy()
  throw upstreamError('forbidden-address', host)
}

/** Speaks TLS. Verifies the certificate, whatever the environment of the process says, unless the options say otherwise. */
export const secure = async (
  { socket, host }: { readonly socket: Socket; readonly host: string },
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<Socket> => {
  const secured = connectTls({
    rejectUnauthorized: true,
    ...options,
    socket,
    host,
    servername: isIP(host) === 0 ? host.replace(/\.$/, '') : '',
    minVersion: 'TLSv1.2',
  })
  try {
    await opened(secured, 'secureConnect', signal)
    return secured
  } catch (error) {
    socket.destroy()
    // Node names a fault here only when it has looked at the certificate. Its type says Error; it is a code, or null.
    const reason: unknown = secured.authorizationError
    if (typeof reason === 'string')
      throw upstreamError(
        'certificate',
        host,
        /^[A-Z0-9_]{1,64}$/.test(reason) ? reason : undefined,
      )
    throw error
  }
}

/**
 * Connects for undici: resolves and checks the address, opens the socket, looks at its remote address, and only then speaks TLS.
 * Every error is an `UpstreamError`.
 * @param timeout milliseconds for all of it
 */
export const createConnector = (guard: AddressGuard, timeout: number) => {
  const underWay = new Set<AbortController>()

  const establish = async (target: Target, signal: AbortSignal): Promise<Socket> => {
    const admitted = await orAborted(signal, guard.admit(target.host, target.port, !target.secure))
    const socket = await openSocket(target, admitted, signal)
    const http = { ALPNProtocols: ['http/1.1'] }
    return target.secure ? secure({ socket, host: target.host }, http, signal) : socket
  }

  const withinTime = async (target: Target): Promise<Socket> => {
    const attempt = new AbortController()
    const timer = setTimeout(() => attempt.abort(upstreamError('timed-out', target.host)), timeout)
    underWay.add(attempt)
    try {
      return await establish(target, attempt.signal)
    } catch (error) {
      throw toUpstreamError(error, target.host)
    } finally {
      clearTimeout(timer)
      underWay.delete(attempt)
    }
  }

  const connect: buildConnector.connector = ({ hostname, port, protocol }, callback) => {
    const isSecure = protocol === 'https:'
    const target = {
      host: hostname,
      port: port === '' ? (isSecure ? 443 : 80) : Number(port),
      secure: isSecure,
    }
    void withinTime(target).then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(error as Error, null),
    )
  }

  return {
    connect,
    /** Gives up what is not connected yet. */
    close: (): void => {
      for (const attempt of underWay) attempt.abort(new Error('closed'))
    },
  }
}
