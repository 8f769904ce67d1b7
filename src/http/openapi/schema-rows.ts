import type { Schema } from './types.ts'

/** A line of a table of fields. */
export type SchemaRow = {
  /** Where it stands: `accesses[].userId`, `options.*`. */
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly notes: readonly string[]
}

const asSchema = (value: unknown): Schema | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Schema)
    : undefined

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const schemasOf = (value: unknown): readonly Schema[] =>
  listOf(value)
    .map(asSchema)
    .filter((each) => each !== undefined)

const alternativesOf = (schema: Schema): readonly Schema[] => [
  ...schemasOf(schema['anyOf']),
  ...schemasOf(schema['oneOf']),
]

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)]

const words: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: 'true or false',
}

const isOneWord = /^(?:text|whole number|number|object)$/

const several = (type: string): string => (isOneWord.test(type) ? `${type}s` : type)

/** A comma where one of them has an `or` of its own. */
const either = (types: readonly string[]): string =>
  types.join(types.some((type) => type.startsWith('list of')) ? ', or ' : ' or ')

/** What a value is, in words: `text`, `list of whole numbers`, `"a" or "b"`. */
export const typeInWords = (schema: Schema): string => {
  if ('const' in schema) return JSON.stringify(schema['const'])
  const values = listOf(schema['enum'])
  if (values.length > 0) return values.map((value) => JSON.stringify(value)).join(' or ')
  const alternatives = alternativesOf(schema)
  if (alternatives.length > 0) return either(unique(alternatives.map(typeInWords)))
  const types = listOf(schema['type']).length > 0 ? listOf(schema['type']) : [schema['type']]
  const items = asSchema(schema['items'])
  return types
    .map((type) => {
      if (type === 'array')
        return items === undefined ? 'list' : `list of ${several(typeInWords(items))}`
      if (typeof type === 'string') return words[type] ?? type
      return 'properties' in schema || 'allOf' in schema ? 'object' : 'anything'
    })
    .join(' or ')
}

const range = (least: unknown, most: unknown, unit: string): readonly string[] => {
  if (typeof least === 'number' && typeof most === 'number')
    return [least === most ? `${least}${unit}` : `${least} to ${most}${unit}`]
  if (typeof most === 'number') return [`at most ${most}${unit}`]
  return typeof least === 'number' && least > 0 ? [`at least ${least}${unit}`] : []
}

const boundsOf = (schema: Schema): readonly string[] => {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, pattern } = schema
  const items = asSchema(schema['items'])
  return unique([
    ...range(minimum, maximum, ''),
    ...range(minLength, maxLength, ' characters'),
    ...range(minItems, maxItems, ' items'),
    ...(schema['uniqueItems'] === true ? ['no item twice'] : []),
    ...(typeof pattern === 'string' ? [`pattern \`${pattern}\``] : []),
    ...('default' in schema ? [`${JSON.stringify(schema['default'])} unless given`] : []),
    ...(items === undefined ? [] : boundsOf(items).map((bound) => `each: ${bound}`)),
    ...alternativesOf(schema).flatMap(boundsOf),
  ])
}

/** What else is to be known of a value: its description, and its bounds. */
export const notesOf = (schema: Schema): readonly string[] => {
  const { description } = schema
  return [...(typeof description === 'string' ? [description] : []), ...boundsOf(schema)]
}

const row = (name: string, schema: Schema, required: boolean): SchemaRow => ({
  name,
  type: typeInWords(schema),
  required,
  notes: notesOf(schema),
})

/** The fields inside of a value, each followed by what is inside of it. */
const inner = (schema: Schema, at: string): readonly SchemaRow[] => {
  const required = new Set(listOf(schema['required']))
  const prefix = at === '' ? '' : `${at}.`
  const field = (name: string, value: unknown, isRequired: boolean): readonly SchemaRow[] => {
    const property = asSchema(value) ?? {}
    return [row(name, property, isRequired), ...inner(property, name)]
  }
  const items = asSchema(schema['items'])
  return [
    ...Object.entries(asSchema(schema['properties']) ?? {}).flatMap(([name, value]) =>
      field(`${prefix}${name}`, value, required.has(name)),
    ),
    ...Object.values(asSchema(schema['patternProperties']) ?? {}).flatMap((value) =>
      field(`${prefix}*`, value, false),
    ),
    ...(items === undefined ? [] : inner(items, `${at}[]`)),
    ...[...alternativesOf(schema), ...schemasOf(schema['allOf'])].flatMap((part) =>
      inner(part, at),
    ),
  ]
}

/** A schema as lines of a table; a value without fields is one line without a name. */
export const schemaRows = (schema: Schema): readonly SchemaRow[] => {
  const rows = inner(schema, '')
  return rows.length > 0 ? rows : [row('', schema, true)]
}
