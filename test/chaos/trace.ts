import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

// System calls of a server, in order, as strace saw them.

const calls = 'read,recvfrom,recvmsg,write,writev,pwrite64,sendto,sendmsg,fsync,fdatasync'

/** How strace is put in front of a server, and where it writes. @param also a process that is traced as well, with its children */
export const tracer = (file: string, also?: number): readonly string[] => [
  'strace',
  // It may be told to let go while it is still attached.
  '-I',
  '1',
  '-f',
  '-y',
  '-s',
  '160',
  '-e',
  `trace=${calls}`,
  '-e',
  'signal=none',
  '-o',
  file,
  ...(also === undefined ? [] : ['-p', String(also)]),
]

/** Why nothing can be traced here, as a sentence; undefined where it can. @param pid a process that must be attached to */
export const whyNotTraced = async (pid?: number): Promise<string | undefined> => {
  const words = pid === undefined ? ['true'] : ['-p', String(pid)]
  const child = spawn('strace', ['-o', '/dev/null', ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code) => resolve(code ?? 0))
  })
  // Attached, it stays until it is told to go; refused, it ends by itself.
  const timer = setTimeout(() => child.kill('SIGINT'), 500)
  const end = await ended
  clearTimeout(timer)
  if (typeof end === 'string') return 'strace is not installed on this machine.'
  return /not permitted|denied|not implemented/i.test(said)
    ? `This machine does not permit to trace processes: ${said.trim().split('\n')[0]}`
    : undefined
}

/** The process that a tracer has started; the tracer ends with it, and lets go of what it was attached to. */
export const tracedBy = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])

export type Call = {
  readonly pid: string
  readonly name: string
  /** What stands between the brackets. */
  readonly text: string
  /** The file or socket that it is about. */
  readonly target: string
  readonly ok: boolean
}

const callOf = (pid: string, text: string): Call | undefined => {
  const match = /^(\w+)\(\d+<([^>]*)>(.*)$/.exec(text)
  if (match === null) return undefined
  const [, name = '', target = '', rest = ''] = match
  return { pid, name, target, text: rest, ok: /= \d+$/.test(rest.trimEnd()) }
}

/**
 * The calls of a trace in the order in which they *ended*; but a call that writes counts from its beginning, since what it
 * sends may have left by then. So a sync stands before an answer only when it was over before the answer began.
 */
export const readTrace = (file: string): readonly Call[] => {
  const begun = new Map<string, string>()
  const found: Call[] = []
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const [, pid = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const unfinished = / <unfinished \.\.\.>$/.exec(text)
    if (unfinished !== null) {
      const start = text.slice(0, unfinished.index)
      begun.set(pid, start)
      if (/^(?:write|send|pwrite)/.test(start)) {
        const call = callOf(pid, start)
        if (call !== undefined) found.push({ ...call, ok: true })
      }
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)
    const start = resumed === null ? undefined : begun.get(pid)
    if (start !== undefined && /^(?:write|send|pwrite)/.test(start)) continue
    const call = callOf(pid, start === undefined ? text : start + (resumed?.[1] ?? ''))
    if (call !== undefined) found.push(call)
  }
  return found
}

/** One request at the token endpoint: the calls from its arrival to its answer. */
export type Traced = { readonly between: readonly Call[]; readonly answer: Call }

const isRequest = ({ name, text }: Call): boolean =>
  /^(?:read|recv)/.test(name) && text.includes('POST /oauth2/token')

/** The token requests of a trace that were answered with 200, in order. */
export const tokenRequests = (trace: readonly Call[]): readonly Traced[] => {
  const found: Traced[] = []
  for (const [index, request] of trace.entries()) {
    if (!isRequest(request)) continue
    const end = trace.findIndex(
      (call, at) =>
        at > index && call.target === request.target && call.text.includes('HTTP/1.1 200'),
    )
    const answer = trace[end]
    if (answer !== undefined) found.push({ between: trace.slice(index + 1, end), answer })
  }
  return found
}

export const isSync = ({ name, ok }: Call): boolean =>
  ok && (name === 'fsync' || name === 'fdatasync')
