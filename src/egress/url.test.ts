import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAddressPolicy } from './address-policy.ts'
import { outboundUrlFault } from './url.ts'

const closed = createAddressPolicy([])
const open = createAddressPolicy(['127.0.0.0/8', '10.0.0.0/24', 'fd00::/8'])

test('an absolute https URL of a name or a public address is fine, with port, path and query', () => {
  for (const url of [
    'https://accounts.google.com/o/oauth2/v2/auth',
    'https://login.salesforce.com',
    'https://login.salesforce.com/services/oauth2/token?a=b&c=%20d',
    'HTTPS://Idp.Example:8443/token;v=1',
    'https://8.8.8.8/token',
    'https://[2606:4700:4700::1111]:444/token',
    'https://xn--bcher-kva.example/',
    `https://a.example/${'x'.repeat(1982)}`,
  ]) {
    assert.equal(outboundUrlFault(url, closed), undefined, url)
    assert.equal(outboundUrlFault(url, open), undefined, url)
  }
})

test('what is no absolute URL of web characters is refused, whatever a lenient parser would make of it', () => {
  for (const url of [
    '',
    'x',
    'accounts.google.com/auth',
    '//accounts.google.com/auth',
    'https:accounts.google.com',
    'https:/accounts.google.com',
    'https:///accounts.google.com',
    'https:\\\\accounts.google.com',
    'https://',
    'https://?x',
    'ftp://a.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    ' https://a.example/',
    'https://a.example/ ',
    'https://a.example/a b',
    'https://a.exa\tmple/',
    'https://a.example/\n',
    'https://a.example\\@10.0.0.1/',
    'https://bücher.example/',
    'https://127。0。0。1/',
    'https://a.example/"',
    'https://a.example/<x>',
    'https://a.example:99999/',
    'https://[::1',
    'https://1.2.3.4.5/',
    `https://a.example/${'x'.repeat(1983)}`,
    'https://a.example/#',
    'https://a.example/cb#fragment',
    'https://user@a.example/',
    'https://user:pass@a.example/',
    'https://@a.example/',
    'https://a.example:443@10.0.0.1/',
  ])
    for (const policy of [closed, open])
      assert.equal(typeof outboundUrlFault(url, policy), 'string', url)
})

test('a port of another protocol is refused, in whatever spelling and at whatever address', () => {
  for (const port of ['0', '1', '21', '22', '0022', '25', '110', '6000', '6667', '10080'])
    for (const origin of ['https://a.example', 'https://8.8.8.8', 'http://127.0.0.1'])
      assert.match(outboundUrlFault(`${origin}:${port}/x`, open) ?? '', /must not name port/, port)
  for (const port of ['443', '80', '8443', '8080', '1024', '10081', '65535'])
    assert.equal(outboundUrlFault(`https://a.example:${port}/x`, open), undefined, port)
})

test('http is for listed addresses alone, and for localhost where loopback is listed', () => {
  for (const url of [
    'http://127.0.0.1:9000/token',
    'http://127.9.9.9/',
    'http://10.0.0.7/',
    'http://[fd00::1]/',
    'http://[::ffff:10.0.0.7]/',
    'http://localhost:9000/',
    'http://LOCALHOST./',
    'http://idp.localhost/',
  ]) {
    assert.equal(outboundUrlFault(url, open), undefined, url)
    assert.match(outboundUrlFault(url, closed) ?? '', /must be https/, url)
  }
  for (const url of [
    'http://10.0.1.7/',
    'http://[::1]/',
    'http://8.8.8.8/',
    'http://a.example/',
    'http://localhost.a.example/',
    'http://notlocalhost/',
  ])
    assert.match(outboundUrlFault(url, open) ?? '', /must be https/, url)
  const six = createAddressPolicy(['::1'])
  assert.equal(outboundUrlFault('http://localhost/', six), undefined)
  assert.notEqual(outboundUrlFault('http://127.0.0.1/', six), undefined)
})

test('https to a private address or to localhost is refused unless it is listed', () => {
  for (const url of [
    'https://10.0.0.7/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://127.0.0.1./',
    'https://%31%30.0.0.7/',
    'https://[::ffff:7f00:1]/',
    'https://localhost/',
    'https://a.localhost./',
  ]) {
    assert.match(outboundUrlFault(url, closed) ?? '', /does not list/, url)
    assert.equal(outboundUrlFault(url, open), undefined, url)
  }
  for (const url of [
    'https://169.254.169.254/',
    'https://[::1]/',
    'https://[fe80::1]/',
    'https://0/',
  ])
    assert.match(outboundUrlFault(url, open) ?? '', /does not list/, url)
})

test('every spelling of an IPv4 address in a URL gets the verdict of that address', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.constantFrom('http', 'https'), (address, scheme) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
      const number = ((a * 256 + b) * 256 + c) * 256 + d
      const verdict = outboundUrlFault(`${scheme}://${address}/`, open)
      for (const host of [
        String(number),
        `0x${number.toString(16)}`,
        `0${number.toString(8)}`,
        `${a}.${(b * 256 + c) * 256 + d}`,
        `0x${a.toString(16)}.0${b.toString(8)}.${c}.${d}`,
        `${address}.`,
        `[::ffff:${address}]`,
      ])
        assert.equal(outboundUrlFault(`${scheme}://${host}/`, open), verdict, host)
    }),
  )
})
