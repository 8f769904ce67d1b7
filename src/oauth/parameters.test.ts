import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OAuthError } from './errors.ts'
import { parseParameters, readParameters, requireParameter } from './parameters.ts'

const isInvalidRequest = (error: unknown): boolean =>
  error instanceof OAuthError && error.code === 'invalid_request'

const name = fc.stringMatching(/^[a-z_]{1,12}$/)
const value = fc.string({
  unit: fc.constantFrom(...'abcXYZ019 %&=<>\u00e9'.split('')),
  maxLength: 20,
})

test('each parameter that comes once is read as it is, and empty ones are left out', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([n]) => n }), (entries) => {
      const expected = new Map(entries.filter(([, v]) => v !== ''))
      assert.deepEqual(parseParameters(entries), expected)
      assert.equal(readParameters(entries).repeated.size, 0)
    }),
  )
})

test('T19 a parameter that comes twice is refused wherever it stands and whatever it holds, even nothing', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, value), { selector: ([n]) => n, minLength: 1 }),
      fc.nat(),
      fc.nat(),
      value,
      (entries, which, where, again) => {
        const twice = entries[which % entries.length]
        assert.ok(twice)
        const all = entries.toSpliced(where % (entries.length + 1), 0, [twice[0], again])
        assert.throws(() => parseParameters(all), isInvalidRequest)
        const read = readParameters(all)
        assert.deepEqual([...read.repeated], [twice[0]])
        assert.equal(read.parameters.has(twice[0]), false)
      },
    ),
  )
})

test("T19 a parameter counts as repeated when it comes in HDP's spelling and in the standard one", () => {
  for (const [hdp, standard] of [
    ['clientId', 'client_id'],
    ['clientSecret', 'client_secret'],
  ] as const) {
    assert.equal(parseParameters([[hdp, 'x']]).get(standard), 'x')
    const both = [
      [hdp, 'x'],
      [standard, 'x'],
    ] as const
    assert.throws(() => parseParameters(both), isInvalidRequest)
  }
})

test('a control character in a value is refused', () => {
  for (const control of ['\0', '\t', '\n', '\r', '\u001f', '\u007f'])
    assert.throws(() => parseParameters([['state', `a${control}b`]]), isInvalidRequest)
})

test('a value of 4096 characters is read and a longer one is refused', () => {
  assert.equal(parseParameters([['state', 'x'.repeat(4096)]]).get('state')?.length, 4096)
  assert.throws(() => parseParameters([['state', 'x'.repeat(4097)]]), isInvalidRequest)
})

test('a hundred parameters are read and one more is refused', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, i): [string, string] => [`p${i}`, 'x'])
  assert.equal(parseParameters(many(100)).size, 100)
  assert.throws(() => parseParameters(many(101)), isInvalidRequest)
})

test('one parameter repeated without end is refused, not counted for ever', () => {
  const entries = Array.from({ length: 5000 }, (): [string, string] => ['state', 'x'])
  assert.throws(() => parseParameters(entries), isInvalidRequest)
})

test('a refusal names a parameter of ordinary spelling and nothing else that was sent', () => {
  assert.throws(
    () =>
      parseParameters([
        ['state', 'secret-1'],
        ['state', 'secret-2'],
      ]),
    { message: 'state was sent more than once.' },
  )
  assert.throws(
    () =>
      parseParameters([
        ['<script>', 'a'],
        ['<script>', 'b'],
      ]),
    { message: 'a parameter was sent more than once.' },
  )
})

test('names of members of objects are parameters like any other', () => {
  const read = parseParameters([
    ['__proto__', 'a'],
    ['constructor', 'b'],
    ['toString', 'c'],
  ])
  assert.deepEqual([...read.values()], ['a', 'b', 'c'])
  assert.equal(requireParameter(read, '__proto__'), 'a')
  assert.equal(requireParameter(read, 'constructor'), 'b')
})

test('a parameter that must be there and is empty counts as missing', () => {
  const read = parseParameters([['code', '']])
  assert.throws(() => requireParameter(read, 'code'), { message: 'code is missing.' })
})
