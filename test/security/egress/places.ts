// Where an upstream must not be, as addresses and as URLs.

/** Kinds of addresses that are nobody's upstream, with examples of each (T61). */
export const forbiddenAddresses: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  'this host': ['0.0.0.0', '::'],
  'RFC 1918': ['10.0.0.1', '172.16.0.1', '172.31.255.254', '192.168.1.1'],
  'link-local': ['169.254.1.1', 'fe80::1'],
  'unique local': ['fc00::1', 'fd12:3456::1'],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.254'],
  NAT64: ['64:ff9b::7f00:1', '64:ff9b::a00:1', '64:ff9b:1::1'],
  '6to4': ['2002:7f00:1::', '2002:a00:1::1'],
  Teredo: ['2001::1'],
  mapped: ['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe'],
  'IPv4-compatible': ['::127.0.0.1'],
  metadata: [
    '169.254.169.254',
    '100.100.100.200',
    '192.0.0.192',
    '168.63.129.16',
    'fd00:ec2::254',
    '169.254.170.2',
  ],
  multicast: ['224.0.0.1', 'ff02::1'],
  broadcast: ['255.255.255.255'],
  documentation: ['192.0.2.1', '2001:db8::1'],
}

const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address)

/** Other ways to write the address 127.0.0.1, and names that mean it. */
const spellings = [
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '127.1',
  '127.0.0.1.',
  '%31%32%37.0.0.1',
  'localhost',
  'LOCALHOST.',
  'upstream.localhost',
]

/** URLs that must be refused before anybody resolves a name, with `port` where somebody listens. */
export const forbiddenUrls = (port: number): readonly string[] => [
  ...Object.values(forbiddenAddresses)
    .flat()
    .flatMap((address) => [
      `https://${inUrl(address)}:${port}/token`,
      `http://${inUrl(address)}:${port}/token`,
    ]),
  ...spellings.flatMap((host) => [`https://${host}:${port}/`, `http://${host}:${port}/`]),
  // Plain HTTP, whoever it leads to.
  `http://upstream.example:${port}/`,
  'http://8.8.8.8/',
  // Other schemes, and what a lenient parser makes of these.
  `ftp://127.0.0.1:${port}/`,
  `gopher://127.0.0.1:${port}/`,
  'file:///etc/passwd',
  `https:\\\\127.0.0.1:${port}/`,
  `https:127.0.0.1:${port}`,
  `https://upstream.example@127.0.0.1:${port}/`,
  `https://127.0.0.1:${port}#@upstream.example/`,
  // Ports of other protocols.
  ...[0, 22, 25, 110, 143, 6000, 6667].map((odd) => `https://upstream.example:${odd}/`),
]
