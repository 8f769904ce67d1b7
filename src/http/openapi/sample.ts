import type { Schema } from './types.ts'

const asSchema = (value: unknown): Schema | undefined =>
  typeof value === 'object' && value !== null ? (value as Schema) : undefined

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const typeOf = ({ type }: Schema): unknown => (Array.isArray(type) ? type[0] : type)

/** Texts that most patterns of an API are made for; the first that fits is the sample. */
const texts = [
  'text',
  '1',
  '12h',
  'name@example.com',
  'https://client.example/callback',
  '2026-01-31 12:00:00',
  '2026-01-31',
  '00000000-0000-4000-8000-000000000000',
  'a',
] as const

const textOf = ({ pattern, format, minLength, maxLength }: Schema, name: string): string => {
  if (format === 'uri') return texts[4]
  const least = typeof minLength === 'number' ? minLength : 0
  const most = typeof maxLength === 'number' ? maxLength : Infinity
  const fits = (text: string): boolean =>
    text.length >= least &&
    text.length <= most &&
    (typeof pattern !== 'string' || new RegExp(pattern, 'u').test(text))
  const found = [name, ...texts].find((text) => text !== '' && fits(text))
  return found ?? 'x'.repeat(Math.min(Math.max(least, 1), most))
}

const objectOf = (schema: Schema): Record<string, unknown> => {
  const properties = Object.entries(asSchema(schema['properties']) ?? {})
  const required = new Set(listOf(schema['required']))
  const needed = properties.filter(([name]) => required.has(name))
  // Where nothing is required, a sample of one field says more than an empty object.
  const shown = needed.length > 0 ? needed : properties.slice(0, 1)
  return Object.fromEntries(
    shown.map(([name, property]) => [name, sampleOf(asSchema(property) ?? {}, name)]),
  )
}

const numberOf = ({ minimum, maximum }: Schema): number => {
  const least = typeof minimum === 'number' ? minimum : -Infinity
  return Math.max(least, Math.min(1, typeof maximum === 'number' ? maximum : 1))
}

/**
 * A value that the schema takes: what it gives as an example itself, else the smallest that can be made of its form. `name` is what
 * the value is called where it stands.
 */
export const sampleOf = (schema: Schema, name = ''): unknown => {
  const given = [...listOf(schema['examples']), ...listOf(schema['enum'])]
  if (given.length > 0) return given[0]
  if ('const' in schema) return schema['const']
  if ('default' in schema) return schema['default']
  const [alternative] = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])]
  if (alternative !== undefined) return sampleOf(asSchema(alternative) ?? {}, name)
  const parts = listOf(schema['allOf']).map((part) => sampleOf(asSchema(part) ?? {}, name))
  if (parts.length > 0) return Object.assign({}, ...parts)
  switch (typeOf(schema)) {
    case 'object':
      return objectOf(schema)
    case 'array':
      return [sampleOf(asSchema(schema['items']) ?? {}, name)]
    case 'boolean':
      return true
    case 'integer':
    case 'number':
      return numberOf(schema)
    case 'null':
      return null
    default:
      return textOf(schema, name)
  }
}
