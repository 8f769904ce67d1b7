import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { createHasher, equalHashes, secretKinds } from './hashing.ts'
import { addKeyToFile, readKeyFile, readOrCreateKeyFile } from './key-files.ts'
import { fingerprint, generateKey, keyFromBase64 } from './keys.ts'
import { open, seal } from './sealing.ts'

const newPepper = () => keyFromBase64('p', generateKey())

test('a sealed value with any bit flipped, cut or spelled otherwise does not open', () => {
  const { object } = keyFromBase64('k', generateKey())
  const sealed = seal(object, 'secret', 'here')
  const bytes = Buffer.from(sealed.slice(3), 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.equal(open(object, `v1.${changed.toString('base64url')}`, 'here'), undefined)
  }
  for (let length = 0; length < sealed.length; length += 1)
    assert.equal(open(object, sealed.slice(0, length), 'here'), undefined)
  for (const other of [
    `${sealed}A`,
    `${sealed}=`,
    ` ${sealed}`,
    sealed.replace('v1.', 'v2.'),
    sealed.replace('v1.', ''),
  ])
    assert.equal(open(object, other, 'here'), undefined)
  assert.equal(open(object, sealed, 'here'), 'secret')
})

test('T26: the hash of one kind of secret is never the hash of another', () => {
  const hash = createHasher(newPepper())
  const hashes = secretKinds.map((kind) => Buffer.from(hash(kind, 'same')).toString('hex'))
  assert.equal(new Set(hashes).size, secretKinds.length)
  assert.equal(Buffer.from(hashes[0] ?? '', 'hex').length, 32)
  const other = createHasher(newPepper())
  assert.notDeepEqual(hash('code', 'same'), other('code', 'same'))
})

test('T39: only equal hashes are equal, also when their lengths differ', () => {
  const a = new Uint8Array(32)
  assert.equal(equalHashes(a, new Uint8Array(32)), true)
  assert.equal(equalHashes(a, new Uint8Array(31)), false)
  assert.equal(equalHashes(a, new Uint8Array(32).fill(1, 31)), false)
})

test('a key of another length is refused, and its fingerprint tells keys apart without telling them', () => {
  for (const length of [0, 16, 31, 33, 64])
    assert.throws(() => keyFromBase64('k', Buffer.alloc(length).toString('base64')), /must have 32/)
  const base64 = generateKey()
  assert.equal(fingerprint(keyFromBase64('k', base64)), fingerprint(keyFromBase64('k', base64)))
  assert.notEqual(
    fingerprint(keyFromBase64('k', base64)),
    fingerprint(keyFromBase64('k', generateKey())),
  )
  assert.ok(!fingerprint(keyFromBase64('k', base64)).includes(base64))
})

const withDirectory = async (work: (directory: string) => Promise<void> | void): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-vault-'))
  try {
    await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

test('of processes that start at once, all read the one key that was made, and no draft is left', () =>
  withDirectory(async (directory) => {
    const script = `import { readOrCreateKeyFile } from '${join(import.meta.dirname, 'key-files.ts')}'
      process.stdout.write(readOrCreateKeyFile(process.argv[1], 'master')[0].base64)`
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, directory]),
      ),
    )
    assert.equal(new Set(answers.map(({ stdout }) => stdout)).size, 1)
    assert.deepEqual(readdirSync(join(directory, 'keys')), ['master'])
    assert.equal(statSync(join(directory, 'keys', 'master')).mode & 0o777, 0o600)
    assert.equal(statSync(join(directory, 'keys')).mode & 0o777, 0o700)
  }))

test('a damaged or empty key file stops the start with a sentence, and is left as it is', () =>
  withDirectory((directory) => {
    readOrCreateKeyFile(directory, 'pepper')
    const file = join(directory, 'keys', 'pepper')
    writeFileSync(file, 'nonsense\n')
    assert.throws(
      () => readOrCreateKeyFile(directory, 'pepper'),
      /is damaged: each line must be id:key/,
    )
    writeFileSync(file, '')
    assert.throws(
      () => readOrCreateKeyFile(directory, 'pepper'),
      /is empty. Restore it from a backup/,
    )
    assert.equal(readFileSync(file, 'utf8'), '')
  }))

test('a new key is the newest of its file, which stays private and whole, and the older ones stay', () =>
  withDirectory((directory) => {
    const [first] = readOrCreateKeyFile(directory, 'master')
    // A run that was killed has left it.
    writeFileSync(join(directory, 'keys', 'master.123.0a1b2c3d'), 'g2:x')
    addKeyToFile(directory, 'master', 'g2')
    const keys = readKeyFile(directory, 'master')
    assert.deepEqual(
      keys.map(({ id }) => id),
      ['g2', 'g1'],
    )
    assert.deepEqual(keys[1], first)
    assert.notEqual(keys[0]?.base64, first?.base64)
    addKeyToFile(directory, 'master', 'g2')
    assert.deepEqual(readKeyFile(directory, 'master'), keys)
    assert.deepEqual(readdirSync(join(directory, 'keys')), ['master'])
    assert.equal(statSync(join(directory, 'keys', 'master')).mode & 0o777, 0o600)
  }))

/** Only root can give a file away. */
const notRoot = process.getuid?.() === 0 ? false : 'it takes root to be somebody else'

test(
  'a new key file belongs to whoever had the old one, and who cannot see to that replaces nothing',
  { skip: notRoot },
  () =>
    withDirectory((directory) => {
      const keys = join(directory, 'keys')
      const file = join(keys, 'master')
      const facts = () => {
        const { uid, gid, mode } = statSync(file)
        return [uid, gid, mode & 0o777]
      }
      readOrCreateKeyFile(directory, 'master')
      chownSync(file, 12_345, 23_456)
      chmodSync(file, 0o640)
      addKeyToFile(directory, 'master', 'g2')
      assert.deepEqual(facts(), [12_345, 23_456, 0o640])

      const before = readFileSync(file, 'utf8')
      chmodSync(file, 0o644)
      chmodSync(keys, 0o777)
      chmodSync(directory, 0o777)
      process.seteuid?.(54_321)
      try {
        assert.throws(
          () => addKeyToFile(directory, 'master', 'g3'),
          /belongs to user 12345 .* root/,
        )
      } finally {
        process.seteuid?.(0)
      }
      assert.equal(readFileSync(file, 'utf8'), before)
      assert.deepEqual(readdirSync(keys), ['master'])
      assert.deepEqual(facts(), [12_345, 23_456, 0o644])
    }),
)

test('reading keys again makes none in the place of lost ones', () =>
  withDirectory((directory) => {
    assert.throws(() => readKeyFile(directory, 'master'), /ENOENT/)
    assert.deepEqual(readdirSync(directory), [])
  }))
