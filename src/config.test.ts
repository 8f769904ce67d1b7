import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, hdpHabits, parseConfig } from './config.ts'

const parse = (environment: Readonly<Record<string, string>>) => parseConfig(environment, '/srv/hg')

test('without any variable the server listens on loopback and keeps its data below the working directory', () => {
  const config = parse({})
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.port, 8080)
  assert.equal(config.publicUrl, 'http://localhost:8080')
  assert.equal(config.dataDir, '/srv/hg/data')
  assert.equal(config.filesDir, '/srv/hg/data/files')
  assert.equal(config.demo, false)
  assert.equal(config.metricsPort, undefined)
  assert.equal(config.hdp.size, 0)
})

test('the public URL follows the port and TLS unless it is given', () => {
  assert.equal(parse({ HEADGATE_PORT: '9000' }).publicUrl, 'http://localhost:9000')
  const tls = { HEADGATE_TLS_CERT: '/c.pem', HEADGATE_TLS_KEY: '/k.pem' }
  assert.equal(parse(tls).publicUrl, 'https://localhost:8080')
  const given = { HEADGATE_PUBLIC_URL: 'https://data.example.com/' }
  assert.equal(parse(given).publicUrl, 'https://data.example.com')
})

const key = `k1:${'A'.repeat(43)}=`

test('every wrong value is refused with its variable, its fault and a right example, and never with the value', () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['HEADGATE_HOST', ''],
    ['HEADGATE_PORT', 'eighty-eighty'],
    ['HEADGATE_PORT', '65536'],
    ['HEADGATE_PORT', '-1'],
    ['HEADGATE_PUBLIC_URL', 'data.example.com'],
    ['HEADGATE_PUBLIC_URL', 'ftp://data.example.com'],
    ['HEADGATE_PUBLIC_URL', 'https://data.example.com/path'],
    ['HEADGATE_PUBLIC_URL', 'https://user@data.example.com'],
    ['HEADGATE_PUBLIC_URL', 'https://data.example.com?x=1'],
    ['HEADGATE_MASTER_KEYS', 'k1:too-short-to-be-a-key'],
    ['HEADGATE_MASTER_KEYS', `${key},${key}`],
    ['HEADGATE_PEPPER', `${key},${key.replace('k1', 'k2')}`],
    ['HEADGATE_ADMIN_PASSWORD', 'seven77'],
    ['HEADGATE_USER_PASSWORD', 'p'.repeat(129)],
    ['HEADGATE_DEMO', 'yes-please'],
    ['HEADGATE_METRICS_PORT', 'none-at-all'],
    ['HEADGATE_TRUST_PROXY', 'proxy.example.com'],
    ['HEADGATE_TRUST_PROXY', '10.0.0.0/33'],
    ['HEADGATE_EGRESS_ALLOW', ''],
    ['HEADGATE_EGRESS_ALLOW', 'localhost'],
    ['HEADGATE_EGRESS_ALLOW', '10.0.0.0/8/9'],
    ['HEADGATE_EGRESS_ALLOW', '10.0.0.0/8,fd00::/129'],
    ['HEADGATE_HDP', 'every-habit'],
  ]
  for (const [name, value] of wrong)
    assert.throws(
      () => parse({ [name]: value }),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError)
        assert.ok(error.message.startsWith(`${name} `), error.message)
        assert.ok(error.message.includes(`Example: ${name}=`), error.message)
        assert.ok(!error.message.includes('\n'))
        if (value.length > 6) assert.ok(!error.message.includes(` ${value}`), error.message)
        return true
      },
      `${name}=${value}`,
    )
})

test('an address that others can reach is refused without TLS, a trusted proxy, or the word of the operator', () => {
  const open = { HEADGATE_HOST: '0.0.0.0' }
  assert.throws(
    () => parse(open),
    /^ConfigError: HEADGATE_HOST is 0\.0\.0\.0, which others can reach/,
  )
  assert.equal(parse({ ...open, HEADGATE_INSECURE_HTTP: 'true' }).host, '0.0.0.0')
  assert.equal(parse({ ...open, HEADGATE_TRUST_PROXY: '10.0.0.1' }).host, '0.0.0.0')
  const tls = { HEADGATE_TLS_CERT: '/c.pem', HEADGATE_TLS_KEY: '/k.pem' }
  assert.equal(parse({ ...open, ...tls }).host, '0.0.0.0')
  assert.throws(() => parse({ ...open, HEADGATE_INSECURE_HTTP: 'false' }), /HEADGATE_HOST/)
})

test('half of TLS is refused by the name of the other half', () => {
  assert.throws(() => parse({ HEADGATE_TLS_CERT: '/c.pem' }), /HEADGATE_TLS_KEY is missing/)
  assert.throws(() => parse({ HEADGATE_TLS_KEY: '/k.pem' }), /HEADGATE_TLS_CERT is missing/)
})

test('an unknown variable is refused with the known ones', () => {
  assert.throws(
    () => parse({ HEADGATE_PROT: '1' }),
    /HEADGATE_PROT is not an option.*HEADGATE_PORT/,
  )
  assert.equal(parse({ HEADGATEWAY: 'x', PATH: '/bin' }).port, 8080)
})

test('address ranges of outbound calls and of databases are a list, and none unless given', () => {
  assert.deepEqual(parse({}).egressAllow, [])
  const given = parse({ HEADGATE_EGRESS_ALLOW: '127.0.0.0/8, fd00::/8,10.0.0.7' }).egressAllow
  assert.deepEqual(given, ['127.0.0.0/8', 'fd00::/8', '10.0.0.7'])
  assert.deepEqual(parse({}).dataAllow, [])
  assert.deepEqual(parse({ HEADGATE_DATA_ALLOW: '10.0.0.0/8, ::1' }).dataAllow, [
    '10.0.0.0/8',
    '::1',
  ])
})

test('habits of HDP are named one by one, or all', () => {
  assert.deepEqual([...parse({ HEADGATE_HDP: 'all' }).hdp], [...hdpHabits])
  const two = parse({ HEADGATE_HDP: 'show-secrets, later-sources' }).hdp
  assert.deepEqual([...two], ['show-secrets', 'later-sources'])
})

test('keys and passwords are secrets that do not print', () => {
  const config = parse({ HEADGATE_PEPPER: key, HEADGATE_ADMIN_PASSWORD: 'correct-horse-battery' })
  assert.equal(config.pepper?.key.reveal(), key.slice(3))
  assert.equal(config.adminPassword?.reveal(), 'correct-horse-battery')
  assert.ok(!JSON.stringify(config).includes('correct-horse'))
  assert.ok(!JSON.stringify(config).includes('AAAA'))
  assert.ok(!String(config.adminPassword).includes('correct-horse'))
})

test('a PostgreSQL wants a whole URL, and keys that all nodes share', () => {
  const keys = { HEADGATE_MASTER_KEYS: key, HEADGATE_PEPPER: key }
  const url = 'postgres://user:hidden@db.example:5433/headgate'
  const { database } = parse({ HEADGATE_DATABASE_URL: url, ...keys })
  assert.equal(database?.url.reveal(), url)
  assert.equal(database?.poolSize, 10)
  assert.equal(
    parse({ HEADGATE_DATABASE_URL: url, HEADGATE_DATABASE_POOL: '3', ...keys }).database?.poolSize,
    3,
  )
  for (const bad of ['postgres://', 'postgres://host', 'postgres://host/', 'mysql://host/db', 'x'])
    assert.throws(
      () => parse({ HEADGATE_DATABASE_URL: bad, ...keys }),
      /HEADGATE_DATABASE_URL must be a URL postgres:\/\/user/,
    )
  for (const name of ['HEADGATE_MASTER_KEYS', 'HEADGATE_PEPPER'])
    assert.throws(
      () => parse({ HEADGATE_DATABASE_URL: url, ...keys, [name]: undefined }),
      new RegExp(`${name} is missing beside HEADGATE_DATABASE_URL: all nodes need the same keys`),
    )
  assert.throws(() => parse({ HEADGATE_DATABASE_POOL: '3' }), /needs HEADGATE_DATABASE_URL/)
  for (const bad of ['0', '201', 'ten'])
    assert.throws(
      () => parse({ HEADGATE_DATABASE_URL: url, HEADGATE_DATABASE_POOL: bad, ...keys }),
      /HEADGATE_DATABASE_POOL must be a number of connections/,
    )
  assert.throws(
    () => parse({ HEADGATE_MIGRATE: 'never' }),
    /HEADGATE_MIGRATE must be auto or check/,
  )
})
