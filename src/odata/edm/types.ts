/** The primitive types of the model (OData 4.01 CSDL 4.4). */
export type EdmType =
  | 'Edm.Boolean'
  | 'Edm.Byte'
  | 'Edm.SByte'
  | 'Edm.Int16'
  | 'Edm.Int32'
  | 'Edm.Int64'
  | 'Edm.Decimal'
  | 'Edm.Single'
  | 'Edm.Double'
  | 'Edm.String'
  | 'Edm.Date'
  | 'Edm.DateTimeOffset'
  | 'Edm.TimeOfDay'
  | 'Edm.Guid'
  | 'Edm.Binary'
  | 'Edm.Duration'

/** Types that compare with each other. */
export type Family =
  | 'boolean'
  | 'number'
  | 'string'
  | 'date'
  | 'datetime'
  | 'time'
  | 'guid'
  | 'binary'
  | 'duration'

const families = {
  'Edm.Boolean': 'boolean',
  'Edm.Byte': 'number',
  'Edm.SByte': 'number',
  'Edm.Int16': 'number',
  'Edm.Int32': 'number',
  'Edm.Int64': 'number',
  'Edm.Decimal': 'number',
  'Edm.Single': 'number',
  'Edm.Double': 'number',
  'Edm.String': 'string',
  'Edm.Date': 'date',
  'Edm.DateTimeOffset': 'datetime',
  'Edm.TimeOfDay': 'time',
  'Edm.Guid': 'guid',
  'Edm.Binary': 'binary',
  'Edm.Duration': 'duration',
} as const satisfies Record<EdmType, Family>

export const familyOf = (type: EdmType): Family => families[type]

const integers: ReadonlySet<EdmType> = new Set([
  'Edm.Byte',
  'Edm.SByte',
  'Edm.Int16',
  'Edm.Int32',
  'Edm.Int64',
])

export const isInteger = (type: EdmType): boolean => integers.has(type)

export const isFloating = (type: EdmType): boolean => type === 'Edm.Double' || type === 'Edm.Single'

export const isEdmType = (name: string): name is EdmType => Object.hasOwn(families, name)

/** Types whose values have seconds, and so a precision of their fraction. */
export const isTimed = (type: EdmType): boolean =>
  type === 'Edm.DateTimeOffset' || type === 'Edm.TimeOfDay'

const bySqlName: ReadonlyMap<string, EdmType> = new Map([
  ['BIGINT', 'Edm.Int64'],
  ['INT8', 'Edm.Int64'],
  ['INTEGER', 'Edm.Int32'],
  ['INT', 'Edm.Int32'],
  ['MEDIUMINT', 'Edm.Int32'],
  ['SMALLINT', 'Edm.Int16'],
  ['INT2', 'Edm.Int16'],
  ['TINYINT', 'Edm.Byte'],
  ['BIT', 'Edm.Boolean'],
  ['BOOLEAN', 'Edm.Boolean'],
  ['BOOL', 'Edm.Boolean'],
  ['CHAR', 'Edm.String'],
  ['CHARACTER', 'Edm.String'],
  ['VARCHAR', 'Edm.String'],
  ['NCHAR', 'Edm.String'],
  ['NVARCHAR', 'Edm.String'],
  ['TEXT', 'Edm.String'],
  ['CLOB', 'Edm.String'],
  ['LONGVARCHAR', 'Edm.String'],
  ['DECIMAL', 'Edm.Decimal'],
  ['NUMERIC', 'Edm.Decimal'],
  ['DOUBLE', 'Edm.Double'],
  ['DOUBLE PRECISION', 'Edm.Double'],
  ['FLOAT', 'Edm.Double'],
  ['REAL', 'Edm.Single'],
  ['DATE', 'Edm.Date'],
  ['TIME', 'Edm.TimeOfDay'],
  ['TIMESTAMP', 'Edm.DateTimeOffset'],
  ['DATETIME', 'Edm.DateTimeOffset'],
  ['BINARY', 'Edm.Binary'],
  ['VARBINARY', 'Edm.Binary'],
  ['BLOB', 'Edm.Binary'],
  ['UUID', 'Edm.Guid'],
  ['GUID', 'Edm.Guid'],
  ['UNIQUEIDENTIFIER', 'Edm.Guid'],
])

export type DeclaredType = {
  readonly type: EdmType
  readonly length: number | undefined
  readonly scale: number | undefined
}

/** A declared SQL type such as `DECIMAL(10,2)`, read by the type table of HDP; `undefined` if it has no row. */
export const parseSqlType = (declared: string): DeclaredType | undefined => {
  const [name = '', sizes = ''] = declared.toUpperCase().split('(', 2)
  const type = bySqlName.get(name.trim())
  if (type === undefined) return undefined
  const [length, scale] = sizes.split(/[,)]/).map((size) => Number.parseInt(size, 10))
  const given = (n: number | undefined) => (n === undefined || Number.isNaN(n) ? undefined : n)
  return { type, length: given(length), scale: given(scale) }
}
