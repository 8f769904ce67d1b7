import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const example = new URL('../../docs/nginx.conf', import.meta.url).pathname
const program = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((path) => existsSync(path))

export const hasNginx = program !== undefined

export type Nginx = {
  readonly certificate: string
  readonly stop: () => Promise<void>
}

/** A certificate for localhost that nobody else trusts, made now. */
const makeCertificate = (directory: string): string => {
  const words = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
  ]
  const subject = [
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
    '-days',
    '1',
  ]
  const files = ['-keyout', join(directory, 'key.pem'), '-out', join(directory, 'cert.pem')]
  execFileSync('openssl', [...words, ...subject, ...files], { stdio: 'ignore' })
  return readFileSync(join(directory, 'cert.pem'), 'utf8')
}

/** Replaces each text, which must be there: otherwise something else than the example would be tried. */
const substitute = (text: string, replacements: readonly (readonly [string, string])[]): string => {
  let result = text
  for (const [from, to] of replacements) {
    if (!result.includes(from)) throw new Error(`docs/nginx.conf has no "${from}" any more`)
    result = result.replaceAll(from, to)
  }
  return result
}

/** What a machine brings besides the example: where this nginx may write. */
const mainFile = (directory: string): string => `
daemon off;
pid ${directory}/pid;
error_log ${directory}/error.log;
worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  include ${directory}/headgate.conf;
}
`

const waitForPort = async (port: number, child: ChildProcess, log: () => string): Promise<void> => {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(25)) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${log()}`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => (socket.destroy(), resolve(true)))
      socket.once('error', () => resolve(false))
    })
    if (open) return
  }
  throw new Error(`nginx did not start: ${log()}`)
}

/** Runs docs/nginx.conf on loopback, with these ports instead of its own and these nodes instead of its two. */
export const startNginx = async (
  ports: { readonly tls: number; readonly plain: number },
  nodes: readonly [number, number],
): Promise<Nginx> => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-nginx-'))
  const certificate = makeCertificate(directory)
  mkdirSync(join(directory, 'body'))
  const configuration = substitute(readFileSync(example, 'utf8'), [
    ['listen 443 ssl', `listen 127.0.0.1:${ports.tls} ssl`],
    ['listen 80;', `listen 127.0.0.1:${ports.plain};`],
    ['data.example.com;', 'localhost;'],
    ['/etc/nginx/tls/data.example.com.pem', `${directory}/cert.pem`],
    ['/etc/nginx/tls/data.example.com.key', `${directory}/key.pem`],
    ['10.0.0.11:8080', `127.0.0.1:${nodes[0]}`],
    ['10.0.0.12:8080', `127.0.0.1:${nodes[1]}`],
  ])
  writeFileSync(join(directory, 'headgate.conf'), configuration)
  writeFileSync(join(directory, 'nginx.conf'), mainFile(directory))
  const words = ['-p', directory, '-e', `${directory}/error.log`, '-c', `${directory}/nginx.conf`]
  // As root its workers would run as a user who may not write here.
  const user = process.getuid?.() === 0 ? ['-g', 'user root;'] : []
  const child = spawn(program ?? 'nginx', [...words, ...user], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const log = (): string => {
    const file = join(directory, 'error.log')
    return existsSync(file) ? readFileSync(file, 'utf8') : 'it said nothing'
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await waitForPort(ports.tls, child, log)
  } catch (error) {
    await stop()
    throw error
  }
  return { certificate, stop }
}
