import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

// What the upstreams of the tests share: a real HTTP server on loopback that remembers every request, and that fails, loses or holds
// an answer on command.

/** What a request was for, and what the counters count. `code`, `refresh` and `client` are token requests by grant. */
export type Kind =
  | 'authorize'
  | 'code'
  | 'refresh'
  | 'client'
  | 'revoke'
  | 'inspect'
  | 'api'
  | 'other'

export type Received = {
  readonly kind: Kind
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  /** The body; empty unless it came as a form. */
  readonly form: URLSearchParams
}

export type Answer = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export type Held = {
  /** Settles when the request is there and its work is done: tokens are issued, rotated, gone. Only the answer waits. */
  readonly arrived: Promise<Received>
  readonly release: () => void
}

export type Switches = {
  readonly origin: string
  /** Every request, in order. */
  readonly received: readonly Received[]
  readonly count: (kind: Kind) => number
  /** The next request of the kind gets this answer, or no answer but a broken connection; nothing is done for it. */
  readonly fail: (kind: Kind, how: Answer | 'reset') => void
  /** The next request of the kind is done, and its answer lost on the way. */
  readonly lose: (kind: Kind) => void
  /** The next request of the kind is done, and its answer waits for `release`. */
  readonly hold: (kind: Kind) => Held
  /** Opens one more port of the same service; answers its origin. */
  readonly open: () => Promise<string>
  readonly close: () => Promise<void>
}

type Served = Omit<Received, 'kind'>

type Service = {
  readonly kindOf: (request: Served) => Kind
  readonly answer: (request: Received) => Answer | Promise<Answer>
}

export const json = (status: number, body: unknown, headers = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(body),
})

export const page = (status: number, body: string): Answer => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: `<!doctype html><html lang="en"><head><title>Upstream</title></head><body>${body}</body></html>`,
})

export const redirect = (location: string): Answer => ({ status: 302, headers: { location } })

/** The token of an Authorization header; undefined without one. */
export const bearerOf = ({ headers }: Pick<Received, 'headers'>): string | undefined =>
  /^Bearer ([^\s]+)$/.exec(headers.authorization ?? '')?.[1]

const readRequest = async (request: IncomingMessage, origin: string): Promise<Served> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
  return {
    method: request.method ?? 'GET',
    url: new URL(request.url ?? '/', origin),
    headers: request.headers,
    form: new URLSearchParams(isForm === true ? Buffer.concat(chunks).toString() : ''),
  }
}

const createHold = () => {
  let arrive: (request: Received) => void = () => undefined
  let release = (): void => undefined
  const arrived = new Promise<Received>((resolve) => (arrive = resolve))
  const released = new Promise<void>((resolve) => (release = resolve))
  return { arrived, released, arrive, release }
}

/** What is to happen to the next requests of a kind, one after another. */
const createQueues = <T>() => {
  const queues = new Map<Kind, T[]>()
  return {
    add: (kind: Kind, item: T): void => void queues.set(kind, [...(queues.get(kind) ?? []), item]),
    next: (kind: Kind): T | undefined => queues.get(kind)?.shift(),
  }
}

/** Starts the service on a port of loopback that the system chooses. */
export const startServer = async (service: Service): Promise<Switches> => {
  const received: Received[] = []
  const failures = createQueues<Answer | 'reset'>()
  const losses = createQueues<true>()
  const holds = createQueues<ReturnType<typeof createHold>>()
  const held = new Set<ReturnType<typeof createHold>>()
  const servers: Server[] = []

  const answerTo = async (request: Received): Promise<Answer | 'reset'> => {
    const answer = failures.next(request.kind) ?? (await service.answer(request))
    const hold = holds.next(request.kind)
    hold?.arrive(request)
    await hold?.released
    return losses.next(request.kind) === undefined ? answer : 'reset'
  }

  const open = async (): Promise<string> => {
    let origin = ''
    const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
      const served = await readRequest(incoming, origin)
      const request = { ...served, kind: service.kindOf(served) }
      received.push(request)
      const answer = await answerTo(request)
      if (answer === 'reset') incoming.socket.resetAndDestroy()
      else response.writeHead(answer.status, { ...answer.headers }).end(answer.body)
    }
    const server = createServer((incoming, response) => {
      serve(incoming, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return origin
  }

  return {
    origin: await open(),
    received,
    count: (kind) => received.filter((request) => request.kind === kind).length,
    fail: failures.add,
    lose: (kind) => losses.add(kind, true),
    hold: (kind) => {
      const hold = createHold()
      held.add(hold)
      holds.add(kind, hold)
      return { arrived: hold.arrived, release: hold.release }
    },
    open,
    close: async () => {
      for (const hold of held) hold.release()
      for (const server of servers) server.closeAllConnections()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}
