// The load generator, a process of its own. It writes prepared bytes and reads no more of an answer than its
// status and length, so that it costs less than what it measures; a general HTTP client would be the slower half.
import { connect, type Socket } from 'node:net'
import type { Job, Measured } from '../job.ts'
import { percentile } from '../statistics.ts'
import { createAnswers } from './answers.ts'

type Sent = {
  readonly path: string
  readonly token: string | undefined
  readonly body: string
}

const request = (job: Job, { path, token, body }: Sent): Buffer =>
  Buffer.from(
    [
      `${job.method} ${path} HTTP/1.1`,
      'Host: 127.0.0.1',
      'Connection: keep-alive',
      ...Object.entries(job.headers).map(([name, value]) => `${name}: ${value}`),
      ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
      ...(job.method === 'GET' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
      `\r\n${body}`,
    ].join('\r\n'),
  )

type Tally = { answered: number; wrong: number; readonly latencies: number[] }

/** What one connection sends in turn. Paths are shared by all; each token and body belongs to one connection. */
const deal = (job: Job, index: number): readonly Sent[] => {
  const { paths, tokens, bodies, connections } = job
  const share = (all: readonly string[]): number => Math.ceil(all.length / connections)
  const length = Math.max(paths.length, share(tokens), share(bodies))
  const mine = (all: readonly string[], turn: number): string | undefined =>
    all[(index + turn * connections) % all.length]
  return Array.from({ length }, (_unused, turn) => ({
    path: paths[(index * 7919 + turn) % paths.length] ?? '/',
    token: mine(tokens, turn),
    body: mine(bodies, turn) ?? '',
  }))
}

type Requests = {
  readonly next: () => Buffer
  readonly learn: (body: Buffer) => void
  /** What would be sent next on a rotating chain. */
  readonly body: () => string
}

/** What a connection sends next: the same requests in turn, or the next link of a rotating chain. */
const createRequests = (job: Job, index: number): Requests => {
  const sent = deal(job, index)
  const prepared = sent.map((one) => request(job, one))
  let { path, token, body } = sent[0] as Sent
  let turn = 0
  let rotated: Buffer | undefined
  return {
    next: () => rotated ?? (prepared[turn++ % prepared.length] as Buffer),
    learn: (answer) => {
      const fresh = /"refresh_token":"([^"]+)"/.exec(answer.toString())?.[1]
      if (fresh === undefined) return
      body = body.replace(/refresh_token=hg_[^&]+/, `refresh_token=${fresh}`)
      rotated = request(job, { path, token, body })
    },
    body: () => body,
  }
}

type Connection = {
  readonly port: number
  readonly requests: Requests
  readonly rotating: boolean
}

/** Sends one request after the other on one connection until the time is over; settles after the last answer. */
const drive = (
  { port, requests, rotating }: Connection,
  until: number,
  tally: Tally,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    const answers = createAnswers(rotating)
    let sent = 0
    const send = (): void => {
      sent = performance.now()
      socket.write(requests.next())
    }
    socket.once('connect', send)
    socket.once('error', reject)
    socket.once('close', () => resolve())
    socket.on('data', (chunk: Buffer) => {
      const answer = answers.add(chunk)
      if (answer === undefined) return
      const now = performance.now()
      tally.latencies.push(now - sent)
      tally.answered += 1
      if (answer.status !== 200) tally.wrong += 1
      if (rotating) requests.learn(answer.body)
      if (now < until) send()
      else socket.destroy()
    })
  })

const measure = async (job: Job): Promise<Measured> => {
  const tally: Tally = { answered: 0, wrong: 0, latencies: [] }
  const { ports, rotating, milliseconds } = job
  const connections = Array.from({ length: job.connections }, (_unused, index) => ({
    port: ports[index % ports.length] ?? 0,
    requests: createRequests(job, index),
    rotating,
  }))
  const begin = performance.now()
  const cpu = process.cpuUsage()
  await Promise.all(connections.map((connection) => drive(connection, begin + milliseconds, tally)))
  const seconds = (performance.now() - begin) / 1000
  const used = process.cpuUsage(cpu)
  return {
    perSecond: tally.answered / seconds,
    p99: percentile(tally.latencies, 0.99),
    wrong: tally.wrong,
    busy: (used.user + used.system) / 1e6 / seconds,
    bodies: rotating ? connections.map(({ requests }) => requests.body()) : undefined,
  }
}

process.on('message', (job: Job) => {
  measure(job).then(
    (measured) => process.send?.(measured),
    (error: unknown) => process.send?.({ failed: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
