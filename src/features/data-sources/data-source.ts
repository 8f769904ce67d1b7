/** A configured connection to a data store. */
export type DataSource = {
  readonly id: number
  readonly ownerId: number
  readonly tenantId: number
  readonly name: string
  readonly dataStore: number
  readonly connectionType: string
  readonly description: string | undefined
  /** Those that are no secrets. */
  readonly options: Readonly<Record<string, string>>
  /** The OAuth profile that it reads with. */
  readonly oauthProfileId: number | undefined
  /** Set on it by who acted for its owner; they then count alone (management reference 1.3, rule 5). */
  readonly permissions: readonly number[] | undefined
  /** Grows with each change; an opened source of an older revision is not used again. */
  readonly revision: number
  /** How many times a new model was asked for; each node builds one for the last of them. */
  readonly modelDemand: number
}

/** Names are part of URLs and compared without case (management reference 4.2). */
export const dataSourceNameKey = (name: string): string => name.toLowerCase()

/** What is wrong with a name, or undefined. */
export const dataSourceNameFault = (name: string): string | undefined =>
  /^[A-Za-z][A-Za-z0-9_-]{0,127}$/.test(name)
    ? undefined
    : 'name must begin with a letter and have up to 128 letters, digits, underscores and dashes.'

/** A data source, in the state it was read in. */
export type SourceRef = Pick<DataSource, 'id' | 'revision' | 'modelDemand'>

/** A data source with all its options, as they may be shown: of secrets the names alone. */
export type ShownDataSource = DataSource & {
  readonly allOptions: Readonly<Record<string, string>>
}
