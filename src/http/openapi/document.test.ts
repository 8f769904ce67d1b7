import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import Type from 'typebox'
import { endpoints } from '#features/endpoints.ts'
import { refusals } from '#features/refusals.ts'
import { endpoint } from '#features/endpoint.ts'
import { tenantFilter, wholeNumber } from '#features/parameters.ts'
import {
  compile,
  describeAll,
  mediaOf,
  operationsOf,
  resolve,
} from '#test/support/api-description.ts'
import { describeApi } from './document.ts'
import { operationOf, templateOf } from './operation.ts'
import { sampleOf } from './sample.ts'

const document = describeAll()
const operations = operationsOf(document)

const referencesIn = (value: unknown): readonly string[] => {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, each]) =>
    name === '$ref' ? [String(each)] : referencesIn(each),
  )
}

describe('the document as a whole', () => {
  test('it is OpenAPI 3.1 to a validator that nobody here wrote', async () => {
    const said = await new Validator().validate(structuredClone(document))
    assert.deepEqual(said, { valid: true })
  })

  test('every reference leads somewhere', () => {
    const references = referencesIn(document)
    assert.ok(references.length > 100)
    for (const reference of references) resolve(document, reference)
    assert.throws(() => resolve(document, '#/components/schemas/Nothing'), /leads nowhere/)
  })

  test('every operation has an id of its own, and a tag that is described', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    assert.equal(new Set(ids).size, ids.length)
    for (const id of ids) assert.match(id, /^[a-z][A-Za-z0-9]*$/)
    const tags = document.tags.map(({ name }) => name)
    assert.equal(new Set(tags).size, tags.length)
    assert.deepEqual(new Set(operations.flatMap(({ operation }) => operation.tags)), new Set(tags))
  })

  test('the parameters of a path are those that stand in it, each of them needed', () => {
    for (const { path, operation } of operations) {
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
      assert.deepEqual(
        new Set(inPath.map(({ name }) => `{${name}}`)),
        new Set(path.match(/\{\w+\}/g)),
        path,
      )
      assert.ok(inPath.every(({ required }) => required === true))
      const all = (operation.parameters ?? []).map(
        (parameter) => `${parameter.in} ${parameter.name}`,
      )
      assert.equal(new Set(all).size, all.length, path)
    }
  })

  test('every schema is JSON Schema 2020-12', () => {
    for (const { operation } of operations) {
      for (const { schema } of operation.parameters ?? []) compile(document, schema)
      for (const { schema } of mediaOf(operation)) compile(document, schema)
    }
  })

  test('the sample of every body and of every parameter fits its own schema', () => {
    for (const { path, method, operation } of operations) {
      const bodies = Object.values(operation.requestBody?.content ?? {})
      const parameters = operation.parameters ?? []
      for (const [name, schema] of [
        ...bodies.map((media) => ['the body', media.schema] as const),
        ...parameters.map((parameter) => [parameter.name, parameter.schema] as const),
      ])
        assert.equal(
          compile(document, schema)(sampleOf(schema, name)),
          '',
          `${method} ${path}, ${name}: give the schema examples`,
        )
    }
  })

  test('every security scheme that is named is described', () => {
    const { securitySchemes } = document.components
    for (const { operation } of operations)
      for (const way of operation.security)
        for (const name of Object.keys(way)) assert.ok(name in securitySchemes, name)
  })

  test('the catalogue is there, row by row, each in the envelope of the errors', () => {
    const fits = compile(document, { $ref: '#/components/schemas/Error' }, true)
    for (const [name, row] of Object.entries(refusals)) {
      const { value, summary, 'x-status': status } = document.components.examples[name] ?? {}
      assert.equal(fits(value), '', name)
      assert.deepEqual([summary, status], [row.sentence, row.status])
    }
  })
})

describe('an endpoint', () => {
  test('all of them are described with their summary, permissions and status', () => {
    for (const { name, method, path, summary, permissions, success } of endpoints) {
      const found = operations.find(
        (each) => each.path === templateOf(path) && each.method === method.toLowerCase(),
      )
      assert.ok(found, name)
      assert.equal(found.operation.summary, summary)
      assert.deepEqual(
        found.operation['x-permissions']?.map(({ id }) => id).sort((a, b) => a - b),
        [...permissions].sort((a, b) => a - b),
      )
      assert.ok(String(success) in found.operation.responses, name)
    }
  })

  const made = endpoint<unknown>({
    name: 'mend-own-gate',
    method: 'PUT',
    path: '/api/admin/gates/:id/leaves/:other/:name',
    summary: 'Mend a gate',
    permissions: [11, 2],
    success: 201,
    audit: 'gate.mended',
    onBehalf: true,
    codeAsText: true,
    query: { ...tenantFilter, width: wholeNumber('How wide', 1, 9) },
    body: Type.Object({ oak: Type.Boolean() }),
    answer: Type.Object({ id: Type.Integer() }),
    invalid: refusals.passwordPolicy,
    unknownId: refusals.roleNotFound,
    failed: refusals.roleNotChanged,
    handle: async () => ({ id: 1 }),
    location: () => '/',
  })

  test('needs nothing but its own data to be described', () => {
    const operation = operationOf(made)
    const { operationId, tags, description, parameters, security, requestBody, responses } =
      operation
    assert.equal(operationId, 'mendOwnGate')
    assert.deepEqual(tags, ['Gates'])
    assert.match(description ?? '', /ViewDataSource \(2\) and MgmtAPI \(11\)/)
    assert.match(description ?? '', /`gate\.mended`/)
    assert.deepEqual(
      parameters?.map((parameter) => `${parameter.in} ${parameter.name}`),
      [
        'path id',
        'path other',
        'path name',
        'query tenantId',
        'query tenantName',
        'query width',
        'query user',
      ],
    )
    assert.deepEqual(parameters?.[5]?.schema, { type: 'integer', minimum: 1, maximum: 9 })
    assert.deepEqual(security, [{ basic: [] }])
    assert.deepEqual(requestBody?.content['application/json']?.schema['required'], ['oak'])
    assert.deepEqual(Object.keys(responses).sort(), [
      '201',
      '400',
      '401',
      '403',
      '404',
      '413',
      '415',
      '500',
      '503',
    ])
    assert.ok(responses['201']?.headers?.['Location'])
    const [document404] = Object.values(responses['404']?.content ?? {})
    assert.deepEqual(document404?.schema, { $ref: '#/components/schemas/ErrorWithTextCode' })
    assert.deepEqual(Object.keys(document404?.examples ?? {}), [
      'roleNotFoundAsText',
      'userNotFoundAsText',
    ])
  })

  test('that prints its code as a string brings examples that do', () => {
    const about = { version: '1', description: 'd', license: 'l' }
    const with1 = describeApi([made], 'https://gate.example', about)
    for (const reference of referencesIn(with1)) resolve(with1, reference)
    const fits = compile(with1, { $ref: '#/components/schemas/ErrorWithTextCode' }, true)
    assert.equal(fits(with1.components.examples['roleNotFoundAsText']?.value), '')
    assert.notEqual(fits(with1.components.examples['roleNotFound']?.value), '')
    assert.ok(with1.tags.some(({ name }) => name === 'Gates'))
  })

  test('that reads and takes nothing is refused with little', () => {
    const { body: _body, query: _query, location: _location, onBehalf: _acts, ...rest } = made
    const { responses } = operationOf({
      ...rest,
      method: 'GET',
      path: '/api/mgmt/gates',
      permissions: [],
      success: 200,
    })
    assert.deepEqual(Object.keys(responses).sort(), ['200', '400', '401', '500', '503'])
  })
})
