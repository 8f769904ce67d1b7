import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWellFormed, mintToken, prefixes, type TokenKind } from './token-format.ts'

const kinds = Object.keys(prefixes) as TokenKind[]
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

test('T38: every kind has a prefix of its own, and none begins with another', () => {
  for (const kind of kinds) {
    assert.match(prefixes[kind], /^hg_[a-z]{2}_$/)
    for (const other of kinds)
      assert.equal(prefixes[other].startsWith(prefixes[kind]), other === kind)
  }
})

test('T38: a token carries 256 random bits, which it asks for at once and uses all of', () => {
  for (const kind of kinds) {
    const bytes = randomBytes(32)
    const token = mintToken(kind, (length) => {
      assert.equal(length, 32)
      return bytes
    })
    assert.equal(token.slice(0, 6), prefixes[kind])
    assert.deepEqual(Buffer.from(token.slice(6, 49), 'base64url'), bytes)
    assert.match(token.slice(49), /^[0-9a-z]{6}$/)
  }
})

test('T38: over 10,000 tokens all characters of the alphabet are equally frequent', () => {
  const counts = new Map<string, number>()
  const seen = new Set<string>()
  for (let i = 0; i < 10_000; i += 1) {
    const token = mintToken('accessToken', randomBytes)
    seen.add(token)
    // The 43rd character holds only four of the bits, so it is left out.
    for (const character of token.slice(6, 48))
      counts.set(character, (counts.get(character) ?? 0) + 1)
  }
  assert.equal(seen.size, 10_000)
  assert.deepEqual([...counts.keys()].sort(), alphabet.split('').sort())
  const expected = (10_000 * 42) / 64
  const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
  // 63 degrees of freedom: one run in ten million is above 145.
  assert.ok(chiSquare < 145, `chi-square ${chiSquare}`)
})

test('T38: nothing of the server draws from Math.random', () => {
  const root = join(import.meta.dirname, '..')
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue
    const text = readFileSync(join(root, file), 'utf8')
    assert.ok(!/Math\s*\.\s*random|Math\s*\[/.test(text), file)
  }
})

test('a minted token is well-formed as its own kind and as no other', () => {
  for (const kind of kinds)
    for (const other of kinds)
      assert.equal(isWellFormed(other, mintToken(kind, randomBytes)), other === kind)
})

test('a token with any single character changed is not well-formed', () => {
  const token = mintToken('code', randomBytes)
  for (let i = 0; i < token.length; i += 1)
    for (const character of 'Aa0_') {
      const changed = token.slice(0, i) + character + token.slice(i + 1)
      assert.equal(isWellFormed('code', changed), changed === token)
    }
})
