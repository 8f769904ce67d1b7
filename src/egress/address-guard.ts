import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type AddressPolicy, createForbidden } from './address-policy.ts'
import { upstreamError } from './classify.ts'
import type { Resolve } from './resolve.ts'

/** Where something listens. */
export type Endpoint = { readonly host: string; readonly port: number }

/** What of a host may be connected to. */
export type Admitted = {
  readonly addresses: readonly string[]
  /** Asked once more, of the address that the socket is connected to. */
  readonly allows: (address: string) => boolean
}

const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))

/**
 * Decides where a socket may connect (DESIGN invariant 21; T61, T62, T64): a name is resolved once, here, and only those of its
 * addresses are handed on that may be reached, so that nothing asks a resolver again that may have changed its mind.
 * @param never endpoints that may not be reached although the operator lists their address: the system store's
 */
export const createAddressGuard = (deps: {
  readonly addresses: AddressPolicy
  readonly never: readonly Endpoint[]
  readonly resolve: Resolve
}) => {
  const { addresses, never, resolve } = deps

  const addressesOf = async (host: string): Promise<readonly string[]> =>
    isIP(host) === 0 ? resolve(host) : [host]

  /** What may not be reached at a port. A name that does not resolve now might lead anywhere: then nothing is reached. */
  const forbiddenAt = async (port: number): Promise<(address: string) => boolean> => {
    const hosts = never.filter((endpoint) => endpoint.port === port).map(({ host }) => host)
    return createForbidden((await Promise.all(hosts.map(addressesOf))).flat(), ownAddresses)
  }

  return {
    /**
     * The addresses of a host to which a socket may connect; throws `forbidden-address` when there are none.
     * @param plain without TLS: then only at addresses that the operator lists, whatever name leads there
     */
    admit: async (host: string, port: number, plain: boolean): Promise<Admitted> => {
      const isForbidden = await forbiddenAt(port)
      const may = plain ? addresses.lists : addresses.allows
      const allows = (address: string): boolean => may(address) && !isForbidden(address)
      const allowed = (await addressesOf(host)).filter(allows)
      if (allowed.length === 0) throw upstreamError('forbidden-address', host)
      return { addresses: allowed, allows }
    },
  }
}

export type AddressGuard = ReturnType<typeof createAddressGuard>
