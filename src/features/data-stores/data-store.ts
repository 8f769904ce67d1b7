import type { Connector } from '#connectors/connector.ts'
import { type OptionDefinition, optionTabs } from '#connectors/option-definition.ts'
import type { ConnectorRegistry } from '#connectors/registry.ts'
import { type Caller, holds } from '../access/caller.ts'
import { permission } from '../access/permissions.ts'
import { ManagementError, refusals } from '../refusals.ts'

/** An option as `connectionType` shows it (management reference 4.7, proposal); every key is always there. */
export type ShownOption = {
  readonly name: string
  readonly displayName: string
  readonly documentation: string | null
  readonly type: string
  readonly required: boolean
  readonly default: string | null
  readonly displayTab: number
  readonly secret: boolean
  readonly values: readonly { readonly value: string; readonly displayName: string }[] | null
  readonly min: number | null
  readonly max: number | null
  readonly maxLength: number
}

/** What of an option the descriptor says, in HDP's words. */
export const shownOption = (option: OptionDefinition): ShownOption => {
  const { name, required, secret, maxLength, type = { kind: 'string' } as const } = option
  return {
    name,
    displayName: option.displayName ?? name,
    documentation: option.documentation ?? null,
    type: type.kind,
    required,
    default: option.default ?? null,
    displayTab: optionTabs[option.tab ?? 'Connection'],
    secret,
    values: type.kind === 'enumeration' ? type.values : null,
    min: type.kind === 'integer' ? type.min : null,
    max: type.kind === 'integer' ? type.max : null,
    maxLength,
  }
}

const tabs = Object.entries(optionTabs).map(([name, id]) => ({ id, name }))

/** What this server says of the release that reads a data store. */
export type Release = { readonly version: string; readonly helpUrl: string }

const shownStore = (connector: Connector, { version, helpUrl }: Release, caller: Caller) => ({
  id: connector.id,
  name: connector.name,
  isBeta: false,
  isGroup: false,
  driver: { name: `headgate-${connector.id}`, version, helpURL: helpUrl },
  authorized: holds(caller, permission.createDataSource),
  connectionType: { Cloud: { tabs, options: connector.options.map(shownOption) } },
})

/** The data stores of this server, as its connectors describe themselves (management reference 4.7). */
export const createDataStores = (connectors: ConnectorRegistry, release: Release) => ({
  /** In the order of ids. */
  list: (caller: Caller) =>
    [...connectors.connectors]
      .sort((a, b) => a.id - b.id)
      .map((connector) => shownStore(connector, release, caller)),
  /** Throws 404 for a data store that is none of this server. */
  read: (caller: Caller, id: number) => {
    const connector = connectors.find(id)
    if (connector === undefined) throw new ManagementError(refusals.dataStoreNotFound)
    return shownStore(connector, release, caller)
  },
})

export type DataStores = ReturnType<typeof createDataStores>
