import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ODataError } from '../errors.ts'
import { closeMultipart, closePart, openPart } from '../render/multipart.ts'
import { parseHttpRequest } from './http-request.ts'
import { checkBoundary, splitMultipart } from './multipart.ts'

const split = (text: string, boundary = 'b', most = 10) =>
  splitMultipart(text, boundary, most).map(({ headers, body }) => ({
    headers: Object.fromEntries(headers),
    body,
  }))

const boundaries = fc
  .string({
    unit: fc.constantFrom(..."abcXYZ019'()+_,-./:=?".split('')),
    minLength: 1,
    maxLength: 70,
  })
  .filter((text) => /^[^ ].*$/.test(text))

describe('a body of parts', () => {
  test('is split into what it was joined of', () => {
    const values = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/)
    const headers = fc.dictionary(fc.stringMatching(/^[a-z][a-z-]{0,12}$/), values)
    const bodies = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: fc.constantFrom('\r', '\n', '-', 'b', ' ') }),
    )
    fc.assert(
      fc.property(
        boundaries,
        fc.array(fc.record({ headers, body: bodies }), { minLength: 1, maxLength: 5 }),
        (boundary, parts) => {
          // No text of a part may hold the boundary, which is what whoever joins them sees to.
          fc.pre(parts.every(({ body }) => !body.includes(`--${boundary}`)))
          const text =
            parts.map((p) => openPart(boundary, p.headers) + p.body + closePart).join('') +
            closeMultipart(boundary)
          assert.deepEqual(
            split(text, boundary),
            parts.map((p) => ({ headers: { ...p.headers }, body: p.body })),
          )
        },
      ),
    )
  })
  test('of any text is parts or a refusal, in linear time', () => {
    const pieces = fc.constantFrom('--b', '--', '--b--', '\r\n', '\n', '\r', ':', 'a', ' ', '\0')
    fc.assert(
      fc.property(fc.array(pieces), (texts) => {
        try {
          split(texts.join(''))
        } catch (error) {
          assert.ok(error instanceof ODataError)
        }
      }),
    )
    for (const unit of ['--b\r\n', '--b', '\n', '\r', '--b \t', 'a:b\r\n', '-'])
      for (const [before, after] of [
        ['', ''],
        ['--b\r\n\r\n', '\r\n--b--'],
      ] as const) {
        const began = performance.now()
        const text = before + unit.repeat(200_000 / unit.length) + after
        try {
          split(text, 'b', 1e9)
        } catch (error) {
          assert.ok(error instanceof ODataError)
        }
        assert.ok(performance.now() - began < 2000, JSON.stringify(unit))
      }
  })
  test('ignores what stands before its first and after its last boundary', () => {
    assert.deepEqual(split('preamble\r\n--b\r\nA: 1\r\n\r\nx\r\n--b-- \r\nepilogue\r\n--b\r\n'), [
      { headers: { a: '1' }, body: 'x' },
    ])
  })
  test('takes line ends without CR, and boundaries with blanks behind them', () => {
    assert.deepEqual(split('--b \t\nA:1\nA: 2 \n\nx\n\n--b\n\n--b--'), [
      { headers: { a: '1, 2' }, body: 'x\n' },
      { headers: {}, body: '' },
    ])
  })
  test('keeps lines that only look like its boundary', () => {
    const [part] = split('--b\r\n\r\n--bb\r\n --b\r\n--b-\r\n--b--x\r\n--b--')
    assert.equal(part?.body, '--bb\r\n --b\r\n--b-\r\n--b--x')
  })
  for (const [what, text] of [
    ['no text', ''],
    ['no part', '--b--'],
    ['no boundary', 'A: 1\r\n\r\nx'],
    ['another boundary', '--c\r\n\r\nx\r\n--c--'],
    ['no last boundary', '--b\r\nA: 1\r\n\r\nx\r\n--b\r\n'],
    ['a header without a colon', '--b\r\nA 1\r\n\r\nx\r\n--b--'],
    ['a blank in the name of a header', '--b\r\nA : 1\r\n\r\nx\r\n--b--'],
    ['a folded header', '--b\r\nA: 1\r\n 2\r\n\r\nx\r\n--b--'],
    ['a lone CR in a header', '--b\r\nA: 1\rB: 2\r\n\r\nx\r\n--b--'],
    ['a null byte in a header', '--b\r\nA: \0\r\n\r\nx\r\n--b--'],
    ['more headers than 64', `--b\r\n${'A: 1\r\n'.repeat(65)}\r\nx\r\n--b--`],
    ['a header that is too long', `--b\r\nA: ${'x'.repeat(40_000)}\r\n\r\nx\r\n--b--`],
    ['more parts than allowed', `${'--b\r\n\r\nx\r\n'.repeat(11)}--b--`],
  ] as const)
    test(`is refused when it has ${what}`, () =>
      assert.throws(() => split(text), { kind: 'bad-request' }))
  test('has the boundaries of RFC 2046', () => {
    for (const good of ['b', 'batch_1-2', "a'()+_,-./:=? b", 'x'.repeat(70)])
      assert.equal(checkBoundary(good), good)
    for (const bad of [undefined, '', 'a ', 'x'.repeat(71), 'a"b', 'a\r\nb', 'ä', 'a;b'])
      assert.throws(() => checkBoundary(bad), { kind: 'bad-request' })
  })
})

describe('a request in a part', () => {
  test('is a line, headers and a body', () => {
    const { headers, ...rest } = parseHttpRequest('GET A?$top=1 HTTP/1.1\r\nAccept: x\r\n\r\nbody')
    assert.deepEqual(rest, { method: 'GET', target: 'A?$top=1', body: 'body' })
    assert.equal(headers.get('accept'), 'x')
    assert.equal(parseHttpRequest('GET A HTTP/1.1').target, 'A')
  })
  for (const text of [
    '',
    '\r\nGET A HTTP/1.1\r\n\r\n',
    'GET A\r\n\r\n',
    'get A HTTP/1.1\r\n\r\n',
    'GET A b HTTP/1.1\r\n\r\n',
    'GET  A HTTP/1.1\r\n\r\n',
    'GET A HTTP/x\r\n\r\n',
    'GET A HTTP/1.1\r\n x\r\n\r\n',
    `GET ${'a'.repeat(50_000)} HTTP/1.1\r\n\r\n`,
  ])
    test(`is refused when it is ${JSON.stringify(text.slice(0, 40))}`, () =>
      assert.throws(() => parseHttpRequest(text), { kind: 'bad-request' }))
})
