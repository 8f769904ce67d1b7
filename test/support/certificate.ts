import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { isIP } from 'node:net'

// Certificates for tests (RFC 5280), made when they are needed: DER is short enough to be written by hand.

const length = (n: number): Buffer => {
  if (n < 0x80) return Buffer.from([n])
  const hex = n.toString(16)
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes])
}

/** One value of ASN.1 in DER: its tag, its length, and what it is made of. */
const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), length(content.length), content])
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts)
const boolean = (value: boolean): Buffer => der(0x01, Buffer.from([value ? 0xff : 0]))
const octets = (content: Buffer): Buffer => der(0x04, content)
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content)
const text = (value: string): Buffer => der(0x0c, Buffer.from(value, 'utf8'))
/** Of a first byte under 128, so that it is positive. */
const integer = (value: Buffer): Buffer => der(0x02, value)

const base128 = (n: number): number[] => {
  const bytes = [n & 0x7f]
  for (let rest = n >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80)
  return bytes
}

const identifier = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** GeneralizedTime, although RFC 5280 wants the short form before 2050: OpenSSL reads both. */
const time = (at: Date): Buffer =>
  der(0x18, Buffer.from(at.toISOString().replace(/[-:T]|\.\d+/g, ''), 'ascii'))

const name = (commonName: string): Buffer =>
  sequence(der(0x31, sequence(identifier('2.5.4.3'), text(commonName))))

const ecdsaWithSha256 = sequence(identifier('1.2.840.10045.4.3.2'))

const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(identifier(id), ...(critical ? [boolean(true)] : []), octets(value))

const address = (host: string): Buffer =>
  host.includes(':')
    ? Buffer.from('00000000000000000000000000000001', 'hex')
    : Buffer.from(host.split('.').map(Number))

/** Subject alternative names: addresses, of IPv6 only `::1`, and names. */
const alternatives = (hosts: readonly string[]): Buffer =>
  sequence(
    ...hosts.map((host) =>
      isIP(host) === 0 ? der(0x82, Buffer.from(host, 'ascii')) : der(0x87, address(host)),
    ),
  )

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${(bytes.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`

export type Issued = {
  /** In PEM. */
  readonly certificate: string
  readonly key: string
}

type Wanted = {
  readonly hosts: readonly string[]
  readonly from?: Date
  readonly until?: Date
}

export type Authority = {
  /** In PEM: what whoever trusts it must know. */
  readonly certificate: string
  /** A certificate for hosts, valid from an hour ago until in an hour unless told otherwise. */
  readonly issue: (wanted: Wanted) => Issued
}

const hour = 3_600_000

type Parts = {
  readonly subject: string
  readonly issuer: string
  readonly from: Date
  readonly until: Date
  readonly publicKey: KeyObject
  readonly extensions: readonly Buffer[]
}

const signed = (parts: Parts, signer: KeyObject): string => {
  const tbs = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(12)])),
    ecdsaWithSha256,
    name(parts.issuer),
    sequence(time(parts.from), time(parts.until)),
    name(parts.subject),
    parts.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...parts.extensions)),
  )
  return pem(sequence(tbs, ecdsaWithSha256, bits(sign('sha256', tbs, signer))))
}

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

/** A certificate authority of a test; nobody trusts it unless told to. */
export const createAuthority = (subject = 'Test authority'): Authority => {
  const key = newKey()
  const now = Date.now()
  const certificate = signed(
    {
      subject,
      issuer: subject,
      from: new Date(now - 24 * hour),
      until: new Date(now + 24 * hour),
      publicKey: createPublicKey(key),
      extensions: [extension('2.5.29.19', true, sequence(boolean(true)))],
    },
    key,
  )
  return {
    certificate,
    issue: ({ hosts, from = new Date(now - hour), until = new Date(now + hour) }) => {
      const own = newKey()
      const parts = {
        subject: hosts[0] ?? 'nobody',
        issuer: subject,
        from,
        until,
        publicKey: createPublicKey(own),
        extensions: [extension('2.5.29.17', false, alternatives(hosts))],
      }
      return {
        certificate: signed(parts, key),
        key: own.export({ type: 'pkcs8', format: 'pem' }) as string,
      }
    },
  }
}
