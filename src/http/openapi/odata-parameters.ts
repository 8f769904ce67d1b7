// What requests of the OData surface may say.
import type { NestedOption } from '#odata/parse/tokens.ts'
import type { ApiParameter, Schema } from './types.ts'

type AnsweredOption = Exclude<NestedOption, 'levels'> | 'skiptoken' | 'format' | 'explain'

/** The system query options; the compiler points at one that is answered and not described. */
const options: Readonly<Record<AnsweredOption, readonly [description: string, schema: Schema]>> = {
  filter: ['A condition on the rows: `delay gt 60`', { type: 'string' }],
  search: ['Words to look for in the searchable columns', { type: 'string' }],
  select: ['The properties to show, parted by commas', { type: 'string' }],
  expand: [
    'Related entities to show inside, with options of their own: `Items($top=5;$select=ID)`',
    { type: 'string' },
  ],
  apply: ['Aggregates: `groupby((city),aggregate(price with sum as Total))`', { type: 'string' }],
  compute: ['Properties to compute: `Price mul Quantity as Total`', { type: 'string' }],
  orderby: ['Properties, each with `asc` or `desc`', { type: 'string' }],
  top: ['At most so many rows', { type: 'integer', minimum: 0 }],
  skip: ['Leaves out so many rows at the beginning', { type: 'integer', minimum: 0 }],
  count: ['Whether the answer tells how many rows there are in all', { type: 'boolean' }],
  skiptoken: [
    'Comes from `@odata.nextLink`, and is to be taken from nowhere else',
    { type: 'string' },
  ],
  format: [
    'Wins over `Accept`: `json`, `xml`, `csv`, `ndjson`, or a media type',
    { type: 'string' },
  ],
  explain: [
    '`true`: how the answer would be found instead of the answer, without a row being read; `$` and all',
    { type: 'boolean' },
  ],
}

export const optionNames = Object.keys(options) as readonly AnsweredOption[]

export const query = (names: readonly AnsweredOption[]): readonly ApiParameter[] =>
  names.map((name) => {
    const [description, schema] = options[name]
    return { name: `$${name}`, in: 'query', description, schema }
  })

const version: Schema = { type: 'string', pattern: '^[0-9]{1,2}\\.[0-9]{1,2}$', examples: ['4.0'] }

export const headers: readonly ApiParameter[] = [
  { name: 'OData-Version', in: 'header', description: '4.0 or 4.01', schema: version },
  {
    name: 'OData-MaxVersion',
    in: 'header',
    description: 'At least 4.0; the answer speaks 4.01 to who takes it, and else 4.0',
    schema: version,
  },
  {
    name: 'If-None-Match',
    in: 'header',
    description: 'The ETag of an earlier answer: 304 when nothing has changed',
    schema: { type: 'string' },
  },
]

/** HDP's own (data access reference A.4, A.8). */
export const timeZone: readonly ApiParameter[] = [
  {
    name: 'timezone',
    in: 'query',
    description:
      'Zone in which stamps without one are read and shown, such as `Europe/Berlin`; before the header and the option `ODataDefaultTimezone`',
    schema: { type: 'string', maxLength: 100 },
  },
  {
    name: 'ddcloud-timezone',
    in: 'header',
    description: 'The same, where the query does not say it',
    schema: { type: 'string', maxLength: 100 },
  },
]

export const prefer: ApiParameter = {
  name: 'Prefer',
  in: 'header',
  description: '`odata.maxpagesize=100`: pages of at most so many rows',
  schema: { type: 'string' },
}

export const continueOnError: ApiParameter = {
  name: 'Prefer',
  in: 'header',
  description: '`continue-on-error`: refusals do not end the batch',
  schema: { type: 'string' },
}

const path = (name: string, description: string, example: string): ApiParameter => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string', minLength: 1 },
  example,
})

export const dataSource = path(
  'dataSource',
  'The name of a data source within your reach',
  'aviation',
)
export const entitySet = path(
  'entitySet',
  'The name of an entity set of its `$metadata`',
  'Airports',
)
export const key = path(
  'key',
  'The key: `10`, `%27SEA%27` (a text stands in quotes), or `a=1,b=2` where it has several parts',
  "'SEA'",
)
