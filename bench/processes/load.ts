// The load generator, a process of its own. It writes prepared bytes and reads no more of an answer than its
// status and length, so that it costs less than what it measures; a general HTTP client would be the slower half.
import { connect, type Socket } from 'node:net'
import type { Job, Measured } from '../job.ts'
import { percentile } from '../statistics.ts'

const head = (job: Job, length: number): string =>
  [
    `${job.method} PATH HTTP/1.1`,
    `Host: 127.0.0.1:${job.port}`,
    'Connection: keep-alive',
    ...Object.entries(job.headers).map(([name, value]) => `${name}: ${value}`),
    ...(job.method === 'GET' ? [] : [`Content-Length: ${length}`]),
    '\r\n',
  ].join('\r\n')

const request = (job: Job, path: string, body: string): Buffer =>
  Buffer.from(head(job, Buffer.byteLength(body)).replace('PATH', path) + body)

/** One answer at the start of what was read: its status and where it ends; undefined while it is not whole. */
const parseAnswer = (bytes: Buffer): { status: number; body: number; end: number } | undefined => {
  const blank = bytes.indexOf('\r\n\r\n')
  if (blank < 0) return undefined
  const text = bytes.toString('latin1', 0, blank)
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1]
  if (length === undefined) {
    // Chunked: the last chunk ends the answer. Nobody pipelines, so nothing can follow it.
    const last = bytes.length - 5
    return bytes.toString('latin1', last) === '0\r\n\r\n'
      ? { status: Number(text.slice(9, 12)), body: blank + 4, end: bytes.length }
      : undefined
  }
  const end = blank + 4 + Number(length)
  return bytes.length < end
    ? undefined
    : { status: Number(text.slice(9, 12)), body: blank + 4, end }
}

type Tally = { answered: number; wrong: number; readonly latencies: number[] }

/** What this connection sends next: the same requests in turn, or the next link of a rotating chain. */
const createRequests = (job: Job, index: number) => {
  const prepared = job.paths.map((path) => request(job, path, job.bodies[index] ?? ''))
  let turn = index * 7919
  let rotated: Buffer | undefined
  return {
    next: (): Buffer => rotated ?? (prepared[turn++ % prepared.length] as Buffer),
    learn: (body: Buffer): void => {
      const token = /"refresh_token":"([^"]+)"/.exec(body.toString())?.[1]
      const template = job.bodies[index] ?? ''
      if (token === undefined) return
      job.bodies[index] = template.replace(/refresh_token=hg_[^&]+/, `refresh_token=${token}`)
      rotated = request(job, job.paths[0] ?? '/', job.bodies[index] ?? '')
    },
  }
}

/** Sends one request after the other on one connection until the time is over; settles after the last answer. */
const drive = (job: Job, index: number, until: number, tally: Tally): Promise<void> =>
  new Promise((resolve, reject) => {
    const requests = createRequests(job, index)
    const socket: Socket = connect(job.port, '127.0.0.1')
    socket.setNoDelay(true)
    let kept: Buffer | undefined
    let sent = 0
    const send = (): void => {
      sent = performance.now()
      socket.write(requests.next())
    }
    socket.once('connect', send)
    socket.once('error', reject)
    socket.once('close', () => resolve())
    socket.on('data', (chunk: Buffer) => {
      const bytes = kept === undefined ? chunk : Buffer.concat([kept, chunk])
      const answer = parseAnswer(bytes)
      kept = answer === undefined ? bytes : undefined
      if (answer === undefined) return
      const now = performance.now()
      tally.latencies.push(now - sent)
      tally.answered += 1
      if (answer.status !== 200) tally.wrong += 1
      if (job.rotating) requests.learn(bytes.subarray(answer.body, answer.end))
      if (now < until) send()
      else socket.destroy()
    })
  })

const measure = async (job: Job): Promise<Measured> => {
  const tally: Tally = { answered: 0, wrong: 0, latencies: [] }
  const begin = performance.now()
  const cpu = process.cpuUsage()
  const connections = Array.from({ length: job.connections }, (_unused, index) =>
    drive(job, index, begin + job.milliseconds, tally),
  )
  await Promise.all(connections)
  const seconds = (performance.now() - begin) / 1000
  const used = process.cpuUsage(cpu)
  return {
    perSecond: tally.answered / seconds,
    p99: percentile(tally.latencies, 0.99),
    wrong: tally.wrong,
    busy: (used.user + used.system) / 1e6 / seconds,
    bodies: job.bodies,
  }
}

process.on('message', (job: Job) => {
  measure(job).then(
    (measured) => process.send?.(measured),
    (error: unknown) => process.send?.({ failed: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
