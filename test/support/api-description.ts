import { Ajv2020 } from 'ajv/dist/2020.js'
import { createConnectorRegistry } from '#connectors/registry.ts'
import { describeApi } from '#http/openapi/document.ts'
import {
  type ApiDocument,
  type Media,
  methods,
  type Operation,
  type Schema,
} from '#http/openapi/types.ts'
import { endpoints } from '#features/endpoints.ts'

/** The description of every endpoint, as a server at this address would give it. */
export const describeAll = (publicUrl = 'https://gate.example'): ApiDocument =>
  describeApi(
    endpoints,
    publicUrl,
    { version: '1.2.3', description: 'A server of a test', license: 'Apache-2.0' },
    createConnectorRegistry().connectors,
  )

export type Placed = {
  readonly path: string
  readonly method: (typeof methods)[number]
  readonly operation: Operation
}

export const operationsOf = ({ paths }: ApiDocument): readonly Placed[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method): readonly Placed[] => {
      const operation = item[method]
      return operation === undefined ? [] : [{ path, method, operation }]
    }),
  )

/** Every kind of body of an operation and of its answers. */
export const mediaOf = ({ requestBody, responses }: Operation): readonly Media[] =>
  [requestBody, ...Object.values(responses)].flatMap((each) => Object.values(each?.content ?? {}))

/** What a reference of the document leads to; throws where it leads nowhere. */
export const resolve = (document: ApiDocument, reference: string): unknown => {
  const found = reference
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>(
      (value, name) => (value as Record<string, unknown> | undefined)?.[name],
      document,
    )
  if (found === undefined) throw new Error(`${reference} leads nowhere`)
  return found
}

const resolveAll = (document: ApiDocument, value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((each) => resolveAll(document, each))
  if (typeof value !== 'object' || value === null) return value
  const { $ref } = value as { $ref?: unknown }
  if (typeof $ref === 'string') return resolveAll(document, resolve(document, $ref))
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, resolveAll(document, each)]),
  )
}

/** Objects with named properties take no others, unless they say so: what an answer has must be described. */
const closed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(closed)
  if (typeof value !== 'object' || value === null) return value
  const all = Object.entries(value).map(([name, each]): [string, unknown] => [name, closed(each)])
  const isOpen = !('properties' in value) || 'additionalProperties' in value
  return { ...Object.fromEntries(all), ...(isOpen ? {} : { additionalProperties: false }) }
}

const ajv = new Ajv2020({
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
  allErrors: true,
  formats: { uri: (text: string) => URL.canParse(text), password: true },
})

/** Compiles a schema of the document; the function answers what does not fit, or nothing. */
export const compile = (document: ApiDocument, schema: Schema, isClosed = false) => {
  const whole = resolveAll(document, schema)
  const validate = ajv.compile((isClosed ? closed(whole) : whole) as object)
  return (value: unknown): string =>
    validate(value) ? '' : ajv.errorsText(validate.errors, { dataVar: 'it' })
}
