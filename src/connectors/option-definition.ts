import { ConnectorError } from './errors.ts'

/** A value that an option takes, and how a page would call it. */
export type OptionValue = { readonly value: string; readonly displayName: string }

/** What a text must be to be a value; a text without more where an option says nothing. */
export type OptionType =
  | { readonly kind: 'string' }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'enumeration'; readonly values: readonly OptionValue[] }

/** HDP's tabs of a data source's page (management reference 4.7), with their numbers. */
export const optionTabs = { Connection: 1, OData: 2 } as const

/**
 * One option of a data source, as HDP names it. Values are always strings (management reference 4.2). From this come the checks,
 * `GET /api/mgmt/datastores`, the API description and docs/data-stores.md.
 */
export type OptionDefinition = {
  readonly name: string
  readonly required: boolean
  /** Sealed at rest and never shown again. */
  readonly secret: boolean
  readonly maxLength: number
  /** How a page calls it; its name where nothing is said. */
  readonly displayName?: string
  /** One sentence for whoever has to fill it in. */
  readonly documentation?: string
  readonly type?: OptionType
  /** What counts where it is left out. */
  readonly default?: string
  /** `Connection` where nothing is said. */
  readonly tab?: keyof typeof optionTabs
}

/** The values of an enumeration that are called what they are. */
export const valuesOf = (...values: readonly string[]): OptionType => ({
  kind: 'enumeration',
  values: values.map((value) => ({ value, displayName: value })),
})

const rejected = (message: string): ConnectorError => new ConnectorError('rejected', message)

/** What is wrong with a value that is not empty, or undefined. */
const faultOf = (value: string, { type, maxLength }: OptionDefinition): string | undefined => {
  if (value.length > maxLength) return `is longer than ${maxLength} characters.`
  switch (type?.kind) {
    case 'integer': {
      const { min, max } = type
      const fits = /^\d{1,15}$/.test(value) && Number(value) >= min && Number(value) <= max
      return fits ? undefined : `must be a whole number from ${min} to ${max}.`
    }
    case 'boolean':
      return value === 'true' || value === 'false' ? undefined : 'must be true or false.'
    case 'enumeration': {
      const known = type.values.map((each) => each.value)
      if (known.includes(value)) return undefined
      return `must be ${known.length > 1 ? 'one of ' : ''}${known.join(', ')}.`
    }
    case 'string':
    case undefined:
      return undefined
  }
}

/**
 * Refuses options that are unknown, missing, too long, or not of their type; an empty one is one that was left out. Throws a
 * `ConnectorError` of kind `rejected` that names the option at fault.
 */
export const checkDefinitions = (
  options: Readonly<Record<string, string>>,
  definitions: readonly OptionDefinition[],
): void => {
  for (const [name, value] of Object.entries(options)) {
    const definition = definitions.find((known) => known.name === name)
    if (definition === undefined) throw rejected(`There is no option '${name}'.`)
    if (typeof value !== 'string') throw rejected(`${name} must be a text.`)
    const fault = value === '' ? undefined : faultOf(value, definition)
    if (fault !== undefined) throw rejected(`${name} ${fault}`)
  }
  for (const { name, required } of definitions)
    if (required && (options[name] ?? '') === '') throw rejected(`${name} is missing.`)
}

/** The value of an option, or its default; undefined where there is neither. */
export const valueOf = (
  options: Readonly<Record<string, string>>,
  { name, default: otherwise }: OptionDefinition,
): string | undefined => {
  const given = options[name] ?? ''
  return given === '' ? otherwise : given
}
