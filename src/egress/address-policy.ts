import { isIP } from 'node:net'

// Which addresses the server may connect to of its own accord (DESIGN invariant 21). Functions of texts: whoever holds a
// connected socket asks them for its remote address, whoever stores a URL asks them for the address that stands in it.

/** An address as a number. An IPv4 address that is written as IPv6 (`::ffff:10.0.0.1`) is that IPv4 address. */
type Address = { readonly family: 4 | 6; readonly value: bigint }

/** Addresses that begin with the same bits. */
export type AddressRange = Address & { readonly bits: number }

const widthOf = { 4: 32, 6: 128 } as const

const parse4 = (text: string): bigint =>
  text.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n)

const parse6 = (text: string): bigint => {
  const last = text.slice(text.lastIndexOf(':') + 1)
  const low = last.includes('.') ? parse4(last) : undefined
  const hex =
    low === undefined
      ? text
      : `${text.slice(0, -last.length)}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`
  const [head = [], tail = []] = hex
    .split('::')
    .map((side) => side.split(':').filter((group) => group !== ''))
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return [...head, ...zeros, ...tail].reduce(
    (value, group) => value * 65_536n + BigInt(`0x${group}`),
    0n,
  )
}

/** The text must be an address and nothing else; the zone of a link (`fe80::1%eth0`) does not count. */
const parseAddress = (text: string): Address | undefined => {
  const kind = isIP(text)
  if (kind === 4) return { family: 4, value: parse4(text) }
  if (kind !== 6) return undefined
  const value = parse6(text.replace(/%.*$/, ''))
  return value >> 32n === 0xffffn
    ? { family: 4, value: value & 0xffff_ffffn }
    : { family: 6, value }
}

/** A range as operators write it, `10.0.0.0/8`, or one address; undefined for anything else. */
export const parseRange = (text: string): AddressRange | undefined => {
  const match = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text)
  const written = match?.[1] ?? ''
  const address = parseAddress(written)
  if (address === undefined) return undefined
  const writtenWidth = isIP(written) === 4 ? 32 : 128
  const width = widthOf[address.family]
  // Of a mapped address the bits count from where the IPv4 address begins.
  const bits = Number(match?.[2] ?? writtenWidth) - (writtenWidth - width)
  return bits >= 0 && bits <= width ? { ...address, bits } : undefined
}

const contains = (range: AddressRange, address: Address): boolean => {
  const rest = BigInt(widthOf[range.family] - range.bits)
  return range.family === address.family && range.value >> rest === address.value >> rest
}

const ranges = (...texts: readonly string[]): readonly AddressRange[] =>
  texts.map((text) => {
    const range = parseRange(text)
    if (range === undefined) throw new TypeError(`${text} is no range.`)
    return range
  })

/** Not the internet: IANA's special-purpose registry of IPv4 (RFC 6890), multicast, and what clouds put beside it. */
const special4 = ranges(
  '0.0.0.0/8', // this host
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT, and the metadata of one cloud
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local: the metadata of most clouds
  '172.16.0.0/12',
  '192.0.0.0/24', // protocol assignments, and the metadata of one cloud
  '192.0.2.0/24',
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
  '168.63.129.16', // a public address at which one cloud answers its virtual machines
)

/** IANA has given out nothing else of IPv6 for use on the internet (RFC 4291 section 2.4). */
const global6 = ranges('2000::/3')

const special6 = ranges(
  '2001::/23', // protocol assignments: Teredo, ORCHID, benchmarks
  '2001:db8::/32',
  '2002::/16', // 6to4: leads to an IPv4 address
  '3fff::/20',
)

/** How a network without IPv4 reaches an IPv4 address (NAT64, RFC 6052): as good or bad as that address. */
const nat64 = ranges('64:ff9b::/96')

const within = (list: readonly AddressRange[], address: Address): boolean =>
  list.some((range) => contains(range, address))

const toAddress4 = (value: bigint): Address => ({ family: 4, value: value & 0xffff_ffffn })

const isSpecialAddress = (address: Address): boolean => {
  if (address.family === 4) return within(special4, address)
  if (within(nat64, address)) return within(special4, toAddress4(address.value))
  return !within(global6, address) || within(special6, address)
}

/** Whether an address is private or otherwise no address of the internet. What is no address is special. */
export const isSpecial = (text: string): boolean => {
  const address = parseAddress(text)
  return address === undefined || isSpecialAddress(address)
}

export type AddressPolicy = {
  /** Whether the operator has listed the address. */
  readonly lists: (address: string) => boolean
  /** Whether it may be connected to: it is of the internet, or listed. Never, for what is no address. */
  readonly allows: (address: string) => boolean
}

/**
 * The policy of an operator.
 * @param allowed ranges that may be reached although they are private (`HEADGATE_EGRESS_ALLOW`); throws for what is none
 */
export const createAddressPolicy = (allowed: readonly string[]): AddressPolicy => {
  const listed = ranges(...allowed)
  const lists = (text: string): boolean => {
    const address = parseAddress(text)
    return address !== undefined && within(listed, address)
  }
  return { lists, allows: (text) => lists(text) || !isSpecial(text) }
}

/** IPv6 addresses that a network may lead to an IPv4 address which stands in their last bits: NAT64 (also RFC 8215), and IPv4-compatible. */
const ending4 = ranges('64:ff9b::/96', '64:ff9b:1::/48', '::/96')
const sixToFour = ranges('2002::/16')

/** The address, and the IPv4 address that it may lead to. */
const meanings = (address: Address): readonly Address[] => {
  if (within(ending4, address)) return [address, toAddress4(address.value)]
  return within(sixToFour, address) ? [address, toAddress4(address.value >> 80n)] : [address]
}

/** What every machine calls itself: loopback, and "this host", which leads there. */
const selves = ranges('127.0.0.0/8', '::1', '0.0.0.0/8', '::')

/**
 * Whether an address may lead to one of those that must not be reached. Where one of them is this machine, every address of this machine
 * is: what listens at one may listen at all.
 * @param own the addresses of this machine's interfaces
 */
export const createForbidden = (
  forbidden: readonly string[],
  own: () => readonly string[],
): ((address: string) => boolean) => {
  const parse = (texts: readonly string[]): readonly AddressRange[] =>
    texts
      .flatMap((text) => parseAddress(text) ?? [])
      .flatMap(meanings)
      .map(toRange)
  const listed = parse(forbidden)
  if (listed.length === 0) return () => false
  const here = [...selves, ...parse(own())]
  const isHere = listed.some((address) => within(here, address))
  const all = isHere ? [...here, ...listed] : listed
  return (text) => {
    const address = parseAddress(text)
    return address === undefined || meanings(address).some((meaning) => within(all, meaning))
  }
}

const toRange = (address: Address): AddressRange => ({ ...address, bits: widthOf[address.family] })
