import { createServer, type Server } from 'node:http'
import { grantTypes } from '#oauth/model.ts'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

const grantLabels: ReadonlySet<string> = new Set(grantTypes)

/**
 * What the server counts. Labels come from closed sets alone (route templates, status classes, error codes),
 * so that no scan can grow the number of series (T79).
 */
export const createMetrics = (probe: {
  readonly passwordVerifications: () => { real: number; dummy: number }
}) => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'headgate_' })
  const registers = [registry]
  const requests = new Histogram({
    name: 'headgate_http_request_duration_seconds',
    help: 'Time to answer, by route template, method and status',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  })
  const issued = new Counter({
    name: 'headgate_tokens_issued_total',
    help: 'Token answers, by grant type',
    labelNames: ['grant'],
    registers,
  })
  const refused = new Counter({
    name: 'headgate_oauth_refusals_total',
    help: 'Refusals of the token and revocation endpoints, by error',
    labelNames: ['error'],
    registers,
  })
  const reused = new Counter({
    name: 'headgate_token_reuse_total',
    help: 'Codes and refresh tokens that were used twice; each ended its chain',
    labelNames: ['kind'],
    registers,
  })
  const upstreamRenewals = new Counter({
    name: 'headgate_upstream_refreshes_total',
    help: 'Refreshes of tokens at data stores, by what came of them',
    labelNames: ['outcome'],
    registers,
  })
  const signInFailures = new Counter({
    name: 'headgate_sign_in_failures_total',
    help: 'Wrong passwords, and attempts on locked accounts',
    labelNames: ['locked'],
    registers,
  })
  const swept = new Counter({
    name: 'headgate_swept_rows_total',
    help: 'Expired rows that were deleted',
    registers,
  })
  const clockOffset = new Gauge({
    name: 'headgate_clock_offset_seconds',
    help: "How far this node's clock is ahead of the database's",
    registers,
  })
  const streamsCut = new Counter({
    name: 'headgate_streams_cut_total',
    help: 'Open answers that were cut because access ended',
    registers,
  })
  const verifications = new Gauge({
    name: 'headgate_password_verifications_total',
    help: 'Argon2 runs since the start, for real passwords and for nobody',
    labelNames: ['kind'],
    registers,
    collect() {
      const { real, dummy } = probe.passwordVerifications()
      this.set({ kind: 'real' }, real)
      this.set({ kind: 'dummy' }, dummy)
    },
  })
  return {
    registry,
    verifications,
    request: (labels: { route: string; method: string; status: string }, seconds: number) =>
      requests.observe(labels, seconds),
    tokensIssued: (grant: string) =>
      issued.inc({ grant: grantLabels.has(grant) ? grant : 'other' }),
    oauthRefused: (error: string) => refused.inc({ error }),
    upstreamRenewed: (outcome: 'stored' | 'refreshed' | 'failed' | 'reconnect-needed') =>
      upstreamRenewals.inc({ outcome }),
    reused: (kind: 'code' | 'refresh-token') => reused.inc({ kind }),
    signInFailed: (locked: boolean) => signInFailures.inc({ locked: String(locked) }),
    swept: (rows: number) => swept.inc(rows),
    streamCut: () => streamsCut.inc(),
    clockOffset: (seconds: number) => clockOffset.set(seconds),
  }
}

export type Metrics = ReturnType<typeof createMetrics>

/** Serves the metrics on loopback, at a port of their own; never on the public one. */
export const listenMetrics = (metrics: Metrics, port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      if (request.url !== '/metrics') {
        response.writeHead(404).end()
        return
      }
      metrics.registry.metrics().then(
        (text) =>
          response.writeHead(200, { 'Content-Type': metrics.registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      )
    })
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
