import { lookup as systemLookup, Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'

/** All addresses of a name. Throws what a resolver throws, with its code. */
export type Resolve = (host: string) => Promise<readonly string[]>

/** Milliseconds until a name server is asked once more; then twice as long. */
const patience = 1500

/** The name is not known to DNS, or there is none: then the system may know it in another way. */
const unknown = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'])

const hostsFile =
  process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'

/** The addresses that a hosts file gives a name, which go before those of DNS. */
const findInHosts = (file: string, name: string): readonly string[] =>
  file.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    return isIP(address) !== 0 && names.some((each) => each.toLowerCase() === name) ? [address] : []
  })

const codeOf = (error: unknown): string =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? '') : ''

/** Both kinds of addresses; undefined where DNS does not know the name. */
const askDns = async (
  host: string,
  servers: readonly string[] | undefined,
): Promise<readonly string[] | undefined> => {
  // A new one each time: it reads the system's name servers as they are now, and remembers nothing.
  const resolver = new Resolver({ timeout: patience, tries: 2 })
  if (servers !== undefined) resolver.setServers(servers)
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (found.length > 0) return found
  for (const answer of answers)
    if (answer.status === 'rejected' && !unknown.has(codeOf(answer.reason))) throw answer.reason
  return undefined
}

const busy = (): Error =>
  Object.assign(new Error('too many names are being looked up'), { code: 'EBUSY' })

/**
 * Runs one piece of work after the other, of at most so many that wait, and none that has waited for so many milliseconds: then
 * whoever wanted it is gone.
 */
const createQueue = (mostWaiting: number, longestWait: number) => {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return <T>(work: () => Promise<T>): Promise<T> => {
    if (waiting >= mostWaiting) return Promise.reject(busy())
    waiting += 1
    const began = performance.now()
    const mine = last.then(() => {
      waiting -= 1
      if (performance.now() - began > longestWait) throw busy()
      return work()
    })
    last = mine.catch(() => undefined)
    return mine
  }
}

const fromSystem: Resolve = async (host) =>
  (await systemLookup(host, { all: true })).map(({ address }) => address)

/**
 * Finds the addresses of names: in the hosts file, then in DNS, and last in whatever other way the system has. Node's `lookup` runs on
 * few threads, which also wait for the system store's name: whoever has names looked up that nobody answers for would stop all
 * others. DNS is asked without threads; for what it does not know, one thread is used at a time.
 * @param system for tests, as `servers` and `hosts` are
 */
export const createResolve = ({
  servers,
  hosts = hostsFile,
  system = fromSystem,
}: {
  readonly servers?: readonly string[]
  readonly hosts?: string
  readonly system?: Resolve
} = {}): Resolve => {
  const queue = createQueue(16, 5000)
  return async (host) => {
    const file = await readFile(hosts, 'utf8').catch(() => '')
    const listed = findInHosts(file, host.toLowerCase().replace(/\.$/, ''))
    if (listed.length > 0) return listed
    return (await askDns(host, servers)) ?? queue(() => system(host))
  }
}
