import type { Agent } from 'undici'
import { type Clock, systemClock } from '#lib/clock.ts'
import { createAddressGuard, type Endpoint } from './address-guard.ts'
import type { AddressPolicy } from './address-policy.ts'
import { toUpstreamError, upstreamError } from './classify.ts'
import { createConnector } from './connect.ts'
import { createDeadline } from './deadline.ts'
import { exchange } from './exchange.ts'
import { createLanes, type LaneLimits } from './lanes.ts'
import type { Outbound, OutboundAnswer, OutboundRequest } from './outbound.ts'
import { createResolve, type Resolve } from './resolve.ts'
import { retryAfterSeconds } from './retry-after.ts'
import { UpstreamError } from './upstream-error.ts'
import { outboundUrlFault } from './url.ts'

export type OutboundLimits = {
  /** Bytes of a body, milliseconds until the answer is whole, and of these until it is connected. */
  readonly mostBytes: number
  readonly timeout: number
  readonly connectTimeout: number
  readonly lanes: Partial<LaneLimits>
}

export type OutboundDeps = {
  readonly addresses: AddressPolicy
  /** Where nothing may connect to although the operator lists its address: the system store. */
  readonly never?: readonly Endpoint[]
  readonly clock?: Clock
  /** For tests: what answers for a name. */
  readonly resolve?: Resolve
  readonly limits?: Partial<OutboundLimits>
}

const defaults: OutboundLimits = {
  mostBytes: 1_048_576,
  timeout: 15_000,
  connectTimeout: 5000,
  lanes: {},
}

const mostRedirects = 3

/** All but 304, which says that there is nothing new. */
const isRedirect = ({ status }: OutboundAnswer): boolean =>
  status >= 300 && status < 400 && status !== 304

const createAgents = (connect: ReturnType<typeof createConnector>['connect']) => {
  let agents: Promise<Readonly<Record<'GET' | 'POST', Agent>>> | undefined
  /** Loaded at the first request: it takes longer than all the rest of a start. */
  const load = async () => {
    const { Agent } = await import('undici')
    const options = {
      connect,
      allowH2: false,
      connections: 64,
      maxHeaderSize: 32_768,
      // The deadline of the request covers them.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 4000,
      keepAliveMaxTimeout: 10_000,
    }
    // A connection that was kept may have been closed by the other side when the request arrives there. Nobody can say whether
    // a POST was heard then, and a refresh token may be good for one: each POST has a connection of its own.
    return { GET: new Agent(options), POST: new Agent({ ...options, pipelining: 0 }) }
  }
  return {
    of: async (method: 'GET' | 'POST') => (await (agents ??= load()))[method],
    destroy: async () => {
      if (agents === undefined) return
      const { GET, POST } = await agents
      await Promise.all([GET.destroy(), POST.destroy()])
    },
  }
}

/** Where a redirect leads; undefined where it may not be followed. */
const nextHop = (from: URL, answer: OutboundAnswer): URL | undefined => {
  const location = answer.headers['location']
  if (location === undefined || !URL.canParse(location, from.href)) return undefined
  const next = new URL(location, from)
  next.hash = ''
  return next.origin === from.origin && next.username === '' && next.password === ''
    ? next
    : undefined
}

/** The one client of all outbound HTTP (`Outbound`); nothing is connected before the first request. */
export const createOutbound = (deps: OutboundDeps): Outbound => {
  const { addresses, never = [], clock = systemClock, resolve = createResolve() } = deps
  const limits = { ...defaults, ...deps.limits }
  const lanes = createLanes(clock, limits.lanes)
  const connector = createConnector(
    createAddressGuard({ addresses, never, resolve }),
    limits.connectTimeout,
  )
  const agents = createAgents(connector.connect)
  let closed = false

  const urlOf = (text: string): URL => {
    const fault = outboundUrlFault(text, addresses)
    if (fault === undefined) return new URL(text)
    throw new UpstreamError('forbidden-address', `The URL to be called ${fault}.`)
  }

  const follow = async (
    request: OutboundRequest,
    bounds: { readonly signal: AbortSignal; readonly mostBytes: number },
  ): Promise<OutboundAnswer> => {
    const agent = await agents.of(request.method)
    let url = urlOf(request.url)
    for (let hops = 0; ; hops += 1) {
      const answer = await exchange(agent, url, request, bounds)
      if (!isRedirect(answer)) return answer
      const next = request.method === 'GET' ? nextHop(url, answer) : undefined
      if (next === undefined || hops === mostRedirects)
        throw upstreamError('redirected', url.hostname)
      url = urlOf(next.href)
    }
  }

  /** 429, and 503 with a time, hold for all of a lane. */
  const heed = (lane: string, { status, headers }: OutboundAnswer): void => {
    const seconds = retryAfterSeconds(headers['retry-after'], clock.now())
    if ((status === 429 || status === 503) && seconds !== undefined) lanes.close(lane, seconds)
  }

  return {
    send: async (request) => {
      const { hostname } = urlOf(request.url)
      if (closed) throw upstreamError('unreachable', hostname, 'this server is stopping')
      const timeout = Math.min(request.timeout ?? limits.timeout, limits.timeout)
      const mostBytes = Math.min(request.mostBytes ?? limits.mostBytes, limits.mostBytes)
      const deadline = createDeadline(
        timeout,
        () => upstreamError('timed-out', hostname),
        request.signal,
      )
      try {
        return await lanes.run(request.lane, deadline.signal, async () => {
          const answer = await follow(request, { signal: deadline.signal, mostBytes })
          heed(request.lane, answer)
          return answer
        })
      } catch (error) {
        throw toUpstreamError(error, hostname)
      } finally {
        deadline.end()
      }
    },
    close: async () => {
      closed = true
      connector.close()
      await agents.destroy()
    },
  }
}
