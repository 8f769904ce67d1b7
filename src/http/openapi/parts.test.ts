import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { curlOf } from './curl.ts'
import { nounOf } from './nouns.ts'
import { sampleOf } from './sample.ts'
import { schemaRows } from './schema-rows.ts'
import type { Operation } from './types.ts'

describe('a sample', () => {
  test('is what the schema gives itself, before anything that could be made', () => {
    assert.equal(sampleOf({ type: 'string', examples: ['a', 'b'], enum: ['c'] }), 'a')
    assert.equal(sampleOf({ enum: ['c', 'd'] }), 'c')
    assert.equal(sampleOf({ const: 7 }), 7)
    assert.equal(sampleOf({ type: 'boolean', default: false }), false)
  })

  test('has what is required, or one field where nothing is', () => {
    const properties = { a: { type: 'integer' }, b: { type: 'boolean' } }
    assert.deepEqual(sampleOf({ type: 'object', properties, required: ['b'] }), { b: true })
    assert.deepEqual(sampleOf({ type: 'object', properties }), { a: 1 })
  })

  test('keeps within the bounds of numbers and texts', () => {
    assert.equal(sampleOf({ type: 'integer', minimum: 5 }), 5)
    assert.equal(sampleOf({ type: 'integer', maximum: 0 }), 0)
    assert.equal(sampleOf({ type: 'string', maxLength: 2 }, 'width'), '1')
    assert.equal(sampleOf({ type: 'string', minLength: 99 }, 'width'), 'x'.repeat(99))
    assert.equal(sampleOf({ type: 'string', pattern: '^[0-9]+$' }, 'width'), '1')
  })

  test('takes the first of several ways, and all parts of a whole', () => {
    assert.deepEqual(sampleOf({ anyOf: [{ type: 'array', items: { const: 1 } }, {}] }), [1])
    const part = (name: string) => ({
      type: 'object',
      properties: { [name]: { const: name } },
    })
    assert.deepEqual(sampleOf({ allOf: [part('a'), part('b')] }), { a: 'a', b: 'b' })
  })
})

describe('a schema as a table', () => {
  test('names what is inside of lists and maps by where it stands', () => {
    const rows = schemaRows({
      type: 'object',
      required: ['list'],
      properties: {
        list: {
          type: 'array',
          maxItems: 3,
          items: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
        },
        map: { type: 'object', patternProperties: { '^.*$': { type: 'string', maxLength: 5 } } },
      },
    })
    assert.deepEqual(
      rows.map(({ name, type, required, notes }) => [name, type, required, notes.join('; ')]),
      [
        ['list', 'list of objects', true, 'at most 3 items'],
        ['list[].id', 'whole number', true, ''],
        ['map', 'object', false, ''],
        ['map.*', 'text', false, 'at most 5 characters'],
      ],
    )
  })

  test('tells alternatives and their bounds', () => {
    const [row] = schemaRows({
      type: 'object',
      properties: {
        store: {
          anyOf: [
            { type: 'integer', minimum: 1 },
            { type: 'string', pattern: '^[1-9]$' },
          ],
        },
      },
    })
    assert.equal(row?.type, 'whole number or text')
    assert.deepEqual(row?.notes, ['at least 1', 'pattern `^[1-9]$`'])
    const words = { type: 'array', items: { anyOf: [{ const: 'a' }, { const: 'b' }] } }
    const [list] = schemaRows({ anyOf: [words, { type: 'string' }] })
    assert.equal(list?.type, 'list of "a" or "b", or text')
  })

  test('is one line where there are no fields', () => {
    assert.deepEqual(schemaRows({ type: 'string' }), [
      { name: '', type: 'text', required: true, notes: [] },
    ])
  })
})

describe('a request to type', () => {
  const operation: Operation = {
    operationId: 'x',
    tags: ['X'],
    summary: 'X',
    security: [{ basic: [] }],
    responses: {},
  }
  /** The words that a shell makes of it. */
  const wordsOf = (command: string): readonly string[] =>
    execFileSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }; ${command}`], {
      encoding: 'utf8',
      env: { TOKEN: 'the token' },
    })
      .split('\0')
      .slice(0, -1)

  test('is understood by a shell, whatever stands in it', () => {
    const nasty = { text: `it's "so" $HOME \`x\` \\ !` }
    const command = curlOf('https://gate.example', '/a/{id}', 'put', {
      ...operation,
      parameters: [
        { name: 'id', in: 'path', required: true, description: '', schema: {}, example: "'S A'" },
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { examples: [nasty] } } },
      },
    })
    assert.deepEqual(wordsOf(command), [
      '-X',
      'PUT',
      '-u',
      'name:password',
      "https://gate.example/a/'S%20A'",
      '-H',
      'content-type: application/json',
      '-d',
      JSON.stringify(nasty),
    ])
  })

  test('carries credentials of its surface, and a form field by field', () => {
    const command = curlOf('https://gate.example', '/b', 'post', {
      ...operation,
      security: [{ bearer: [] }, { basic: [] }],
      requestBody: {
        required: true,
        content: {
          'application/x-www-form-urlencoded': { schema: { examples: [{ a: '1 &', b: 'x' }] } },
        },
      },
    })
    assert.deepEqual(wordsOf(command), [
      '-H',
      'Authorization: Bearer the token',
      'https://gate.example/b',
      '--data-urlencode',
      'a=1 &',
      '--data-urlencode',
      'b=x',
    ])
  })
})

test('what a path is about is read off it, and a path of a new noun names itself', () => {
  for (const [path, name] of [
    ['/api/mgmt/datasources/:id', 'Data sources'],
    ['/api/mgmt/oauth/client/applications/:id/reset', 'Client applications'],
    ['/api/mgmt/oauth/client/allowedapplications', 'Accesses'],
    ['/api/admin/users/:id/accesses/:other', 'Accesses'],
    ['/api/admin/users/:id', 'Users'],
    ['/api/admin/users/:id/resetpassword', 'Passwords'],
    ['/api/mgmt/datastores/:id/oauthapps', 'OAuth applications'],
    ['/api/mgmt/datastores/:id', 'Data stores'],
    ['/api/admin/connectors', 'Data stores'],
    ['/api/admin/limits/users/:id/:other', 'Limits'],
    ['/api/mgmt/gates/:id', 'Gates'],
  ] as const)
    assert.equal(nounOf(path).name, name, path)
})
