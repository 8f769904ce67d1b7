import assert from 'node:assert/strict'
import { BlockList } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAddressPolicy, createForbidden, isSpecial, parseRange } from './address-policy.ts'

const special = [
  // IPv4
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.0',
  '10.255.255.255',
  '100.64.0.0',
  '100.100.100.200',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.255',
  '168.63.129.16',
  '169.254.169.254',
  '172.16.0.0',
  '172.31.255.255',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.7',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  // IPv6
  '::',
  '::1',
  '::7f00:1',
  '::10.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::FFFF:10.1.2.3',
  '0:0:0:0:0:ffff:a9fe:a9fe',
  '::ffff:0:8.8.8.8',
  '64:ff9b::127.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::8.8.8.8',
  '100::1',
  '2001::1',
  '2001:1ff:ffff::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '2002:808:808::1',
  '3fff:fff::1',
  '5f00::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  '4000::1',
] as const

const global = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '168.63.129.15',
  '168.63.129.17',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2001:200::1',
  '2001:4860:4860::8888',
  '2003::1',
  '2606:4700:4700::1111',
  '3ffe:ffff::1',
] as const

test('what is private, reserved or local is special, and its neighbours are not', () => {
  for (const address of special) assert.equal(isSpecial(address), true, address)
  for (const address of global) assert.equal(isSpecial(address), false, address)
})

test('what is no address is special, and never allowed', () => {
  const policy = createAddressPolicy(['0.0.0.0/0', '::/0'])
  for (const text of [
    '',
    'localhost',
    '10.1',
    '0x7f.0.0.1',
    '010.0.0.1',
    '2130706433',
    '1.1.1.1:443',
  ])
    assert.deepEqual(
      [isSpecial(text), policy.lists(text), policy.allows(text)],
      [true, false, false],
    )
})

test('a range is an address, or an address and so many bits that count', () => {
  for (const text of [
    '10.0.0.0/8',
    '10.0.0.5',
    '0.0.0.0/0',
    '::1',
    'fd00::/8',
    '::/0',
    '::ffff:10.0.0.0/104',
  ])
    assert.notEqual(parseRange(text), undefined, text)
  for (const text of [
    '',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/9',
    '/8',
    '10.0.0/8',
    'fd00::/129',
    'fe80::1%eth0',
    '::ffff:10.0.0.0/8',
    'localhost',
    '10.0.0.0 /8',
  ])
    assert.equal(parseRange(text), undefined, text)
  assert.throws(() => createAddressPolicy(['10.0.0.0/33']), TypeError)
})

test('what the operator lists is allowed although it is private, and nothing else', () => {
  const policy = createAddressPolicy([
    '10.1.0.0/16',
    '127.0.0.1',
    'fd00:1::/32',
    '::ffff:192.168.7.0/120',
  ])
  for (const address of [
    '10.1.0.0',
    '10.1.255.255',
    '::ffff:10.1.2.3',
    '127.0.0.1',
    'fd00:1:ffff::1',
    '192.168.7.9',
  ])
    assert.deepEqual([policy.lists(address), policy.allows(address)], [true, true], address)
  for (const address of [
    '10.0.255.255',
    '10.2.0.0',
    '127.0.0.2',
    'fd00:2::',
    '192.168.8.0',
    '::1',
    // An IPv4 address behind NAT64 is on another network than the one that was listed.
    '64:ff9b::10.1.0.1',
  ])
    assert.deepEqual([policy.lists(address), policy.allows(address)], [false, false], address)
  assert.deepEqual([policy.lists('8.8.8.8'), policy.allows('8.8.8.8')], [false, true])
})

test('an address that must not be reached is not reached in another spelling, nor as another address of this machine', () => {
  const own = () => ['10.9.9.9', 'fd09::9', 'fe80::1%eth0']
  const verdicts = (forbidden: readonly string[], addresses: readonly string[]) =>
    addresses.map(createForbidden(forbidden, own))
  const here = ['127.0.0.1', '127.8.8.8', '::1', '0.0.0.0', '::', '10.9.9.9', 'fd09::9', 'fe80::1']
  const elsewhere = ['10.1.2.3', '10.9.9.8', '192.168.7.7', 'fd09::8', '8.8.8.8']
  for (const forbidden of here) {
    assert.ok(verdicts([forbidden], here).every(Boolean), forbidden)
    assert.ok(!verdicts([forbidden], elsewhere).some(Boolean), forbidden)
  }
  const carriers = (a: string, b: string) => [
    `64:ff9b::${a}:${b}`,
    `::${a}:${b}`,
    `2002:${a}:${b}::1`,
  ]
  assert.ok(verdicts(['127.0.0.1'], carriers('7f00', '1')).every(Boolean))
  for (const forbidden of ['10.1.2.3', '64:ff9b::10.1.2.3', '::ffff:10.1.2.3']) {
    const same = ['10.1.2.3', '::ffff:10.1.2.3', ...carriers('a01', '203'), '64:ff9b:1::a01:203']
    assert.ok(verdicts([forbidden], same).every(Boolean), forbidden)
    assert.ok(!verdicts([forbidden], [...here, '10.1.2.4', '64:ff9b::a01:204']).some(Boolean))
  }
  assert.ok(!verdicts([], [...here, ...elsewhere]).some(Boolean))
  assert.deepEqual(verdicts(['10.1.2.3'], ['', 'localhost', '010.1.2.3']), [true, true, true])
})

const v4 = fc.ipV4()
const v6 = fc.ipV6()

test('containment is what the block list of Node says, for any range and address', () => {
  const pairs = fc.oneof(
    fc.record({
      family: fc.constant('ipv4' as const),
      base: v4,
      near: fc.boolean(),
      other: v4,
      bits: fc.nat(32),
    }),
    fc.record({
      family: fc.constant('ipv6' as const),
      base: v6,
      near: fc.boolean(),
      other: v6,
      bits: fc.nat(128),
    }),
  )
  fc.assert(
    fc.property(pairs, ({ family, base, near, other, bits }) => {
      const mapped = /^(?:0*:)*:?ffff:/i.test(base)
      fc.pre(!mapped)
      const address = near ? base : other
      const list = new BlockList()
      list.addSubnet(base, bits, family)
      const expected = list.check(address, family)
      assert.equal(createAddressPolicy([`${base}/${bits}`]).lists(address), expected)
    }),
    { numRuns: 2000 },
  )
})

test('every spelling of an IPv4 address within IPv6 gets the verdict of that address', () => {
  fc.assert(
    fc.property(v4, fc.boolean(), (address, upper) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
      const hex = (n: number): string => n.toString(16)
      const spellings = [
        `::ffff:${address}`,
        `0:0:0:0:0:ffff:${address}`,
        `::ffff:${hex(a * 256 + b)}:${hex(c * 256 + d)}`,
        `64:ff9b::${address}`,
      ]
      for (const text of spellings)
        assert.equal(isSpecial(upper ? text.toUpperCase() : text), isSpecial(address), text)
    }),
  )
})
