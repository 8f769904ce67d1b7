import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { parseRange } from './egress/address-policy.ts'
import { Secret } from './lib/secret.ts'

// The only reader of the environment. Each option is one row: how its text is parsed, what it is by
// default, and an example for whoever got it wrong.

/** A wrong value stops the start; the message is one line: the variable, the fault, a right example. */
export class ConfigError extends Error {
  constructor(variable: string, fault: string, example: string) {
    super(`${variable} ${fault}. Example: ${variable}=${example}`)
    this.name = 'ConfigError'
  }
}

/** HDP's less safe habits, each switched on by name (docs/hdp-compatibility.md). */
export const hdpHabits = [
  'show-secrets',
  'password-grant',
  'shared-callback',
  'later-sources',
  'no-idle-expiry',
] as const
export type HdpHabit = (typeof hdpHabits)[number]

/** A key with its name: 32 bytes in base64. */
export type NamedKey = { readonly id: string; readonly key: Secret }

type Option<T> = {
  readonly example: string
  readonly parse: (text: string) => T | undefined
  readonly fault: string
}

const text = (example: string): Option<string> => ({
  example,
  fault: 'must not be empty',
  parse: (t) => t || undefined,
})

const flag: Option<boolean> = {
  example: 'true',
  fault: 'must be true or false',
  parse: (t) => (t === 'true' ? true : t === 'false' ? false : undefined),
}

const port = (example: string): Option<number> => ({
  example,
  fault: 'must be a port from 0 to 65535',
  parse: (t) => (/^\d{1,5}$/.test(t) && Number(t) <= 65_535 ? Number(t) : undefined),
})

const password: Option<Secret> = {
  example: 'correct-horse-battery',
  fault: 'must have 12 to 128 characters',
  parse: (t) => (t.length >= 12 && t.length <= 128 ? new Secret(t) : undefined),
}

const parseOrigin = (t: string): string | undefined => {
  if (!URL.canParse(t)) return undefined
  const url = new URL(t)
  const plain =
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    url.password === '' &&
    url.pathname === '/'
  return plain && (url.protocol === 'https:' || url.protocol === 'http:') ? url.origin : undefined
}

const publicUrl: Option<string> = {
  example: 'https://data.example.com',
  fault: 'must be an http or https URL of a host alone, without path, query or user',
  parse: parseOrigin,
}

const parseKey = (t: string): NamedKey | undefined => {
  const match = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/.exec(t)
  return match?.[1] && match[2] ? { id: match[1], key: new Secret(match[2]) } : undefined
}

const keyExample = 'k1:<the output of: openssl rand -base64 32>'

const masterKeys: Option<readonly NamedKey[]> = {
  example: keyExample,
  fault: 'must be a list of id:key, parted by commas, newest first, each key 32 bytes in base64',
  parse: (t) => {
    const keys = t.split(',').map((part) => parseKey(part.trim()))
    const ids = new Set(keys.map((k) => k?.id))
    return ids.size === keys.length && keys.every((k) => k !== undefined) ? keys : undefined
  },
}

const pepper: Option<NamedKey> = {
  example: keyExample,
  fault: 'must be id:key, the key 32 bytes in base64',
  parse: parseKey,
}

export const databaseExample =
  'postgres://headgate:password@db.example.com:5432/headgate?sslmode=verify-full'

/** The URL of a PostgreSQL database; undefined when it is none. */
export const parseDatabaseUrl = (t: string): Secret | undefined => {
  if (!URL.canParse(t)) return undefined
  const { protocol, hostname, pathname } = new URL(t)
  const named = hostname !== '' && /^\/[^/]+$/.test(pathname)
  return named && /^postgres(?:ql)?:$/.test(protocol) ? new Secret(t) : undefined
}

const databaseUrl: Option<Secret> = {
  example: databaseExample,
  fault: 'must be a URL postgres://user:password@host:port/database',
  parse: parseDatabaseUrl,
}

const poolSize: Option<number> = {
  example: '10',
  fault: 'must be a number of connections from 1 to 200',
  parse: (t) => (/^[1-9]\d{0,2}$/.test(t) && Number(t) <= 200 ? Number(t) : undefined),
}

const migrateMode: Option<'auto' | 'check'> = {
  example: 'check',
  fault: 'must be auto or check',
  parse: (t) => (t === 'auto' || t === 'check' ? t : undefined),
}

const habits: Option<ReadonlySet<HdpHabit>> = {
  example: 'show-secrets,later-sources',
  fault: `must be a list of ${hdpHabits.join(', ')}, or all`,
  parse: (t) => {
    if (t === 'all') return new Set(hdpHabits)
    const named = t.split(',').map((part) => hdpHabits.find((h) => h === part.trim()))
    return named.every((h) => h !== undefined) ? new Set(named) : undefined
  },
}

const addresses: Option<readonly string[]> = {
  example: '10.0.0.5,192.168.0.0/24',
  fault: 'must be a list of IP addresses or ranges, parted by commas',
  parse: (t) => {
    const list = t.split(',').map((part) => part.trim())
    const fine = list.every((entry) => {
      const [address = '', bits] = entry.split('/')
      const kind = isIP(address)
      return (
        kind !== 0 &&
        (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (kind === 4 ? 32 : 128)))
      )
    })
    return fine ? list : undefined
  },
}

const ranges: Option<readonly string[]> = {
  ...addresses,
  parse: (t) => {
    const list = t.split(',').map((part) => part.trim())
    return list.every((entry) => parseRange(entry) !== undefined) ? list : undefined
  },
}

export type Config = {
  readonly host: string
  readonly port: number
  readonly publicUrl: string
  readonly dataDir: string
  readonly filesDir: string
  /** PostgreSQL as the system store; undefined for the embedded one. */
  readonly database: { readonly url: Secret; readonly poolSize: number } | undefined
  readonly migrate: 'auto' | 'check'
  readonly masterKeys: readonly NamedKey[] | undefined
  readonly pepper: NamedKey | undefined
  readonly adminPassword: Secret | undefined
  readonly userPassword: Secret | undefined
  readonly demo: boolean
  readonly demoPassword: Secret | undefined
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  readonly trustProxy: readonly string[] | undefined
  readonly metricsPort: number | undefined
  /** Address ranges that outbound HTTP may reach although they are private. */
  readonly egressAllow: readonly string[]
  readonly dataAllow: readonly string[]
  readonly hdp: ReadonlySet<HdpHabit>
}

const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)

const known = [
  'HOST',
  'PORT',
  'PUBLIC_URL',
  'DATA_DIR',
  'FILES_DIR',
  'DATABASE_URL',
  'DATABASE_POOL',
  'MIGRATE',
  'MASTER_KEYS',
  'PEPPER',
  'ADMIN_PASSWORD',
  'USER_PASSWORD',
  'DEMO',
  'DEMO_PASSWORD',
  'TLS_CERT',
  'TLS_KEY',
  'TRUST_PROXY',
  'METRICS_PORT',
  'EGRESS_ALLOW',
  'DATA_ALLOW',
  'HDP',
  'INSECURE_HTTP',
] as const

type Environment = Readonly<Record<string, string | undefined>>

const refuseUnknown = (environment: Environment): void => {
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('HEADGATE_') || value === undefined) continue
    const short = name.slice('HEADGATE_'.length)
    if (!known.some((k) => k === short))
      throw new Error(
        `${name} is not an option of Headgate. Known: ${known.map((k) => `HEADGATE_${k}`).join(', ')}.`,
      )
  }
}

const reader = (environment: Environment) => {
  const optional = <T>(name: (typeof known)[number], option: Option<T>): T | undefined => {
    const value = environment[`HEADGATE_${name}`]
    if (value === undefined) return undefined
    const parsed = option.parse(value)
    if (parsed === undefined)
      throw new ConfigError(`HEADGATE_${name}`, option.fault, option.example)
    return parsed
  }
  return optional
}

type Optional = ReturnType<typeof reader>

const readTls = (optional: Optional): Config['tls'] => {
  const cert = optional('TLS_CERT', text('/etc/headgate/cert.pem'))
  const key = optional('TLS_KEY', text('/etc/headgate/key.pem'))
  if (cert !== undefined && key !== undefined) return { cert, key }
  if (cert !== undefined)
    throw new ConfigError(
      'HEADGATE_TLS_KEY',
      'is missing beside HEADGATE_TLS_CERT',
      '/etc/headgate/key.pem',
    )
  if (key !== undefined)
    throw new ConfigError(
      'HEADGATE_TLS_CERT',
      'is missing beside HEADGATE_TLS_KEY',
      '/etc/headgate/cert.pem',
    )
  return undefined
}

/** On PostgreSQL every node must have the same keys, so none may make its own (DESIGN invariant 6). */
const readDatabase = (optional: Optional): Config['database'] => {
  const url = optional('DATABASE_URL', databaseUrl)
  const size = optional('DATABASE_POOL', poolSize)
  if (url === undefined) {
    if (size !== undefined)
      throw new ConfigError('HEADGATE_DATABASE_POOL', 'needs HEADGATE_DATABASE_URL beside it', '10')
    return undefined
  }
  for (const [name, option] of [
    ['MASTER_KEYS', masterKeys],
    ['PEPPER', pepper],
  ] as const)
    if (optional(name, option as Option<unknown>) === undefined)
      throw new ConfigError(
        `HEADGATE_${name}`,
        'is missing beside HEADGATE_DATABASE_URL: all nodes need the same keys',
        keyExample,
      )
  return { url, poolSize: size ?? 10 }
}

/** Passwords and tokens must not cross a network in the clear by accident. */
const refuseOpenHttp = (config: Config, insecure: boolean): void => {
  if (
    isLoopbackHost(config.host) ||
    config.tls !== undefined ||
    config.trustProxy !== undefined ||
    insecure
  )
    return
  throw new ConfigError(
    'HEADGATE_HOST',
    `is ${config.host}, which others can reach, without TLS: set HEADGATE_TLS_CERT and HEADGATE_TLS_KEY, HEADGATE_TRUST_PROXY, or HEADGATE_INSECURE_HTTP=true`,
    '127.0.0.1',
  )
}

/**
 * Parses the environment. Throws an error whose message is one line for the operator when a variable is
 * wrong, unknown, or contradicts another.
 */
export const parseConfig = (environment: Environment, cwd: string): Config => {
  refuseUnknown(environment)
  const optional = reader(environment)
  const dataDir = resolve(cwd, optional('DATA_DIR', text('/var/lib/headgate')) ?? 'data')
  const listenPort = optional('PORT', port('8080')) ?? 8080
  const tls = readTls(optional)
  const config: Config = {
    host: optional('HOST', text('127.0.0.1')) ?? '127.0.0.1',
    port: listenPort,
    publicUrl:
      optional('PUBLIC_URL', publicUrl) ?? `${tls ? 'https' : 'http'}://localhost:${listenPort}`,
    dataDir,
    filesDir: resolve(
      cwd,
      optional('FILES_DIR', text('/srv/headgate/files')) ?? join(dataDir, 'files'),
    ),
    database: readDatabase(optional),
    migrate: optional('MIGRATE', migrateMode) ?? 'auto',
    masterKeys: optional('MASTER_KEYS', masterKeys),
    pepper: optional('PEPPER', pepper),
    adminPassword: optional('ADMIN_PASSWORD', password),
    userPassword: optional('USER_PASSWORD', password),
    demo: optional('DEMO', flag) ?? false,
    demoPassword: optional('DEMO_PASSWORD', password),
    tls,
    trustProxy: optional('TRUST_PROXY', addresses),
    metricsPort: optional('METRICS_PORT', port('9464')),
    egressAllow: optional('EGRESS_ALLOW', ranges) ?? [],
    dataAllow: optional('DATA_ALLOW', ranges) ?? [],
    hdp: optional('HDP', habits) ?? new Set(),
  }
  refuseOpenHttp(config, optional('INSECURE_HTTP', flag) ?? false)
  return config
}

/** The configuration of this process. */
export const readConfig = (): Config => parseConfig(process.env, process.cwd())
