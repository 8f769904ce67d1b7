import type { Socket } from 'node:net'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { orAborted } from '#lib/or-aborted.ts'
import { createAddressGuard, type Endpoint } from './address-guard.ts'
import { createAddressPolicy } from './address-policy.ts'
import { toUpstreamError } from './classify.ts'
import { openSocket, secure } from './connect.ts'
import { createResolve, type Resolve } from './resolve.ts'

export type DatabaseSocket = Socket

export type DatabaseTarget = {
  readonly host: string
  readonly port: number
  /** Without TLS: only addresses that the operator lists are reached then. */
  readonly plain: boolean
}

/** Sockets for database drivers, which choose no address themselves. */
export type DatabaseSockets = {
  /** A connected socket whose address may be reached. Throws `UpstreamError`, or the signal's reason. */
  readonly open: (target: DatabaseTarget, signal: AbortSignal) => Promise<DatabaseSocket>
  /**
   * The same socket under TLS.
   * @param verify whether the certificate must be valid for the host, by Node's roots or the system's
   */
  readonly secure: (
    socket: DatabaseSocket,
    tls: { readonly host: string; readonly verify: boolean },
    signal: AbortSignal,
  ) => Promise<DatabaseSocket>
}

let trusting: SecureContext | undefined

/** Node's roots with those of `NODE_EXTRA_CA_CERTS`, and the system's. Read once: they are hundreds. */
const trustedContext = (): SecureContext =>
  (trusting ??= createSecureContext({
    ca: [...getCACertificates('default'), ...getCACertificates('system')],
    minVersion: 'TLSv1.2',
  }))

/**
 * @param allowed ranges that may be reached although they are private (`HEADGATE_DATA_ALLOW`)
 * @param never the system store, which may not be reached even so (DESIGN invariant 21)
 */
export const createDatabaseSockets = (deps: {
  readonly allowed: readonly string[]
  readonly never: readonly Endpoint[]
  readonly resolve?: Resolve
}): DatabaseSockets => {
  const { allowed, never, resolve = createResolve() } = deps
  const guard = createAddressGuard({ addresses: createAddressPolicy(allowed), never, resolve })

  const translated = async <T>(
    host: string,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      throw toUpstreamError(error, host)
    }
  }

  return {
    open: (target, signal) =>
      translated(target.host, signal, async () => {
        const { host, port, plain } = target
        const admitted = await orAborted(signal, guard.admit(host, port, plain))
        return openSocket(target, admitted, signal)
      }),
    secure: (socket, { host, verify }, signal) =>
      translated(host, signal, () => {
        const options = verify ? { secureContext: trustedContext() } : { rejectUnauthorized: false }
        return secure({ socket, host }, options, signal)
      }),
  }
}
