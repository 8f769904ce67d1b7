import { type OptionDefinition, valuesOf } from '../option-definition.ts'
import { ConnectorError } from '../errors.ts'
import type { Options } from '../odata-options.ts'

const tlsModes = ['verify-full', 'require', 'disable'] as const

/** verify-full: certificate and name are checked · require: encrypted, to whoever answers · disable: in the clear */
export type TlsMode = (typeof tlsModes)[number]

/** The options of a data source, read. Times are milliseconds. */
export type Settings = {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string | undefined
  readonly password: string | undefined
  readonly schema: string
  readonly tls: TlsMode
  readonly poolSize: number
  /** For all of connecting, and for waiting for a connection that others use. */
  readonly loginTimeout: number
  readonly queryTimeout: number
}

const option = (
  name: string,
  maxLength: number,
  more: Partial<OptionDefinition> = {},
): OptionDefinition => ({ name, required: false, secret: false, maxLength, ...more })

export const postgresOptions: readonly OptionDefinition[] = [
  option('Host', 255, {
    required: true,
    displayName: 'Server',
    documentation: 'The name or the IP address of the server, without port and scheme.',
  }),
  option('Port', 5, {
    documentation: 'Where the server listens.',
    type: { kind: 'integer', min: 1, max: 65_535 },
    default: '5432',
  }),
  option('Database', 63, { required: true, documentation: 'The name of the database.' }),
  option('Schema', 63, {
    documentation: 'The schema whose tables and views are read; one per data source.',
    default: 'public',
  }),
  option('User', 63, { displayName: 'User name', documentation: 'The role to sign in as.' }),
  option('Password', 1000, { secret: true, documentation: 'The password of that role.' }),
  option('SSL', 11, {
    displayName: 'Encryption',
    documentation:
      'verify-full checks certificate and name; require encrypts, to whoever answers; disable sends all in the clear.',
    type: valuesOf(...tlsModes),
    default: 'verify-full',
  }),
  option('LoginTimeout', 3, {
    documentation: 'Seconds that connecting may take.',
    type: { kind: 'integer', min: 1, max: 120 },
    default: '15',
  }),
  option('QueryTimeout', 4, {
    documentation: 'Seconds that a statement may take.',
    type: { kind: 'integer', min: 1, max: 3600 },
    default: '30',
  }),
  option('PoolSize', 2, {
    documentation: 'Connections at once, on each server of a fleet.',
    type: { kind: 'integer', min: 1, max: 50 },
    default: '10',
  }),
]

/** With another one of these, a stored password would go to another server, or less protected. */
export const destinationOptions: readonly string[] = ['Host', 'Port', 'SSL']

const rejected = (message: string): ConnectorError => new ConnectorError('rejected', message)

const given = (options: Options, name: string): string | undefined => {
  const text = options[name] ?? ''
  return text === '' ? undefined : text
}

const numberOf = (
  options: Options,
  name: string,
  { usual, most }: { readonly usual: number; readonly most: number },
): number => {
  const text = given(options, name) ?? String(usual)
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > most) throw rejected(`${name} must be a whole number from 1 to ${most}.`)
  return value
}

const hostOf = (options: Options): string => {
  const host = (given(options, 'Host') ?? '').replace(/^\[(.*)\]$/, '$1')
  // Neither a path of a socket of this machine nor anything that could be taken apart in another way.
  if (!/^[\p{L}\p{N}_.:-]+$/u.test(host))
    throw rejected('Host must be the name or the IP address of a server, without port and scheme.')
  return host
}

const textOf = (options: Options, name: string): string | undefined => {
  const text = given(options, name)
  if (text?.includes('\0') === true) throw rejected(`${name} must not contain U+0000.`)
  return text
}

const tlsOf = (options: Options): TlsMode => {
  const text = given(options, 'SSL') ?? 'verify-full'
  const mode = tlsModes.find((known) => known === text)
  if (mode === undefined) throw rejected(`SSL must be one of ${tlsModes.join(', ')}.`)
  return mode
}

/** Reads the options; throws a `ConnectorError` of kind `rejected` that names the one at fault. */
export const parseSettings = (options: Options): Settings => ({
  host: hostOf(options),
  port: numberOf(options, 'Port', { usual: 5432, most: 65_535 }),
  database: textOf(options, 'Database') ?? '',
  user: textOf(options, 'User'),
  password: textOf(options, 'Password'),
  schema: textOf(options, 'Schema') ?? 'public',
  tls: tlsOf(options),
  poolSize: numberOf(options, 'PoolSize', { usual: 10, most: 50 }),
  loginTimeout: numberOf(options, 'LoginTimeout', { usual: 15, most: 120 }) * 1000,
  queryTimeout: numberOf(options, 'QueryTimeout', { usual: 30, most: 3600 }) * 1000,
})
