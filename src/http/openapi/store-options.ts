import type { Connector } from '#connectors/connector.ts'
import type { OptionDefinition } from '#connectors/option-definition.ts'
import type { Operation, Paths, Schema } from './types.ts'

/** What of a connector the description of data sources is made of. */
export type DescribedStore = Pick<Connector, 'id' | 'name' | 'options'>

type Use = { readonly store: DescribedStore; readonly option: OptionDefinition }

const valueSchema = ({ type, maxLength }: OptionDefinition): Schema => {
  if (type?.kind === 'enumeration') return { enum: type.values.map(({ value }) => value) }
  if (type?.kind === 'boolean') return { enum: ['true', 'false'] }
  if (type?.kind === 'integer') return { pattern: '^[0-9]*$' }
  return { maxLength }
}

/** What people have to know of a value that its schema cannot say. */
const describe = ({ option }: Use): string =>
  [
    option.documentation,
    option.secret && 'A secret: it is not shown again.',
    option.type?.kind === 'integer' && `From ${option.type.min} to ${option.type.max}.`,
    option.default !== undefined && `\`${option.default}\` unless given.`,
  ]
    .filter((sentence) => typeof sentence === 'string')
    .join(' ')

const namesOf = (uses: readonly Use[]): string =>
  uses.map(({ store, option }) => `${store.name}${option.required ? ' (needed)' : ''}`).join(', ')

/** One option as all its stores take it; where they differ, each says how. */
const optionSchema = (uses: readonly Use[], stores: number): Schema => {
  const groups = [...Map.groupBy(uses, (use) => JSON.stringify([use.option])).values()]
  const sentences = groups.map((group) => {
    const [first] = group
    const everywhere = group.length === stores
    return `${everywhere ? '' : `${namesOf(group)}: `}${first === undefined ? '' : describe(first)}`
  })
  const values = groups.flatMap(([first]) =>
    first === undefined ? [] : [valueSchema(first.option)],
  )
  const [only] = values
  return {
    type: 'string',
    description: sentences.join(' '),
    ...(values.length === 1 ? only : { anyOf: values }),
  }
}

/** The field `options` of a data source: every option of every data store, and who takes it. */
export const storeOptionsSchema = (stores: readonly DescribedStore[]): Schema => {
  const uses = stores.flatMap((store) => store.options.map((option): Use => ({ store, option })))
  const byName = Map.groupBy(uses, ({ option }) => option.name)
  return {
    type: 'object',
    description: 'Which there are depends on the data store; the values are texts.',
    properties: Object.fromEntries(
      [...byName].map(([name, found]) => [name, optionSchema(found, stores.length)]),
    ),
    additionalProperties: false,
  }
}

const withOptions = (operation: Operation, options: Schema): Operation => {
  const media = operation.requestBody?.content['application/json']
  if (operation.requestBody === undefined || media === undefined) return operation
  const { properties } = media.schema as { properties: Schema }
  const schema = { ...media.schema, properties: { ...properties, options } }
  return {
    ...operation,
    requestBody: { ...operation.requestBody, content: { 'application/json': { schema } } },
  }
}

/** Puts the options of the data stores where data sources are created and replaced. */
export const withStoreOptions = (paths: Paths, stores: readonly DescribedStore[]): Paths => {
  const options = storeOptionsSchema(stores)
  const { '/api/mgmt/datasources': all, '/api/mgmt/datasources/{id}': one } = paths
  if (stores.length === 0 || all?.post === undefined || one?.put === undefined) return paths
  return {
    ...paths,
    '/api/mgmt/datasources': { ...all, post: withOptions(all.post, options) },
    '/api/mgmt/datasources/{id}': { ...one, put: withOptions(one.put, options) },
  }
}
