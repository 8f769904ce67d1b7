import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Issued } from './certificate.ts'

// An upstream on loopback that does what no upstream should, on command, and remembers what it was sent.

export type Received = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Behaviour = (request: Received, response: ServerResponse, socket: Socket) => void

/** A fine answer of a token endpoint. */
export const goodTokens = {
  access_token: 'at-upstream-1',
  refresh_token: 'rt-upstream-1',
  token_type: 'Bearer',
  expires_in: 3600,
} as const

export const answerWith =
  (status: number, headers: Readonly<Record<string, string>>, body: string): Behaviour =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body)

export const json = (value: unknown, status = 200): Behaviour =>
  answerWith(status, { 'content-type': 'application/json' }, JSON.stringify(value))

/** Bytes on the wire, whatever HTTP says of them. */
export const raw =
  (bytes: string | Uint8Array): Behaviour =>
  (_request, _response, socket) =>
    void socket.end(bytes)

/** In pieces, for as long as anybody listens. */
const repeat =
  (piece: string, milliseconds: number): Behaviour =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => response.write(piece), milliseconds)
    response.once('close', () => clearInterval(timer))
  }

const tenMegabytes = 10_000_000

/** What an upstream may do. */
export const misbehaviours = {
  html: answerWith(200, { 'content-type': 'text/html' }, '<html>Sign in</html>'),
  'tokens as HTML': answerWith(200, { 'content-type': 'text/html' }, JSON.stringify(goodTokens)),
  large: (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(`{"access_token":"`)
    for (let sent = 0; sent < tenMegabytes; sent += 100_000) response.write('x'.repeat(100_000))
    response.end('"}')
  },
  'announced as large': (_request, response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': String(tenMegabytes),
    })
    response.flushHeaders()
  },
  silent: () => undefined,
  'silent after the head': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
  },
  drip: repeat(' ', 10),
  failing: answerWith(500, { 'content-type': 'text/html' }, '<h1>Internal Server Error</h1>'),
  unavailable: answerWith(503, { 'retry-after': '7' }, ''),
  throttling: answerWith(429, { 'retry-after': '7' }, ''),
  elsewhere: answerWith(307, { location: 'https://elsewhere.example/token' }, ''),
  'elsewhere here': answerWith(307, { location: '/elsewhere' }, ''),
  'a list': json([goodTokens]),
  'half a JSON': answerWith(200, { 'content-type': 'application/json' }, '{"access_token":"at'),
  'no token': json({ token_type: 'Bearer' }),
  'cut short': (_request, _response, socket) =>
    void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"access_token"'),
  reset: (_request, _response, socket) => void socket.resetAndDestroy(),
  hangup: (_request, _response, socket) => void socket.end(),
  'another protocol': raw('SSH-2.0-OpenSSH_9.9\r\n'),
  'a head without end': raw(`HTTP/1.1 200 OK\r\n${'x-header: 0123456789\r\n'.repeat(5000)}\r\n`),
  compressed: answerWith(200, { 'content-encoding': 'gzip' }, 'x'),
  'another length': raw('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}}'),
  'another protocol after all': raw(
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  ),
} as const satisfies Readonly<Record<string, Behaviour>>

export type Misbehaviour = keyof typeof misbehaviours

export type HostileUpstream = {
  readonly port: number
  /** With the address, not with a name. */
  readonly origin: string
  readonly received: readonly Received[]
  /** How many sockets were connected to it, ever. */
  readonly connections: () => number
  /** What it does from now on; it answers `goodTokens` until told otherwise. */
  readonly behave: (behaviour: Behaviour | Misbehaviour) => void
  readonly close: () => Promise<void>
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

export type HostileOptions = {
  /** Its certificate; without one it speaks plain HTTP. */
  readonly tls?: Issued
  /** The address where it listens, and the port; any that is free unless told otherwise. */
  readonly host?: string
  readonly port?: number
}

/** Starts an upstream; on 127.0.0.1 unless told otherwise. */
export const startHostileUpstream = async ({
  tls,
  host = '127.0.0.1',
  port: wanted = 0,
}: HostileOptions = {}): Promise<HostileUpstream> => {
  let behaviour: Behaviour = json(goodTokens)
  let connections = 0
  const received: Received[] = []
  const sockets = new Set<Socket>()
  const answer: RequestListener = (request, response) => {
    void bodyOf(request).then((body) => {
      const seen = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body,
      }
      received.push(seen)
      behaviour(seen, response, request.socket)
    })
  }
  const server =
    tls === undefined
      ? createServer(answer)
      : createSecureServer({ cert: tls.certificate, key: tls.key }, answer)
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(wanted, host, resolve))
  const { port } = server.address() as AddressInfo
  const authority = host.includes(':') ? `[${host}]` : host
  return {
    port,
    origin: `${tls === undefined ? 'http' : 'https'}://${authority}:${port}`,
    received,
    connections: () => connections,
    behave: (next) => {
      behaviour = typeof next === 'string' ? misbehaviours[next] : next
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
