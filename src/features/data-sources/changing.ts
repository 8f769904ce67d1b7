import type { Connector, ConnectorContext } from '#connectors/connector.ts'
import type { ConnectorRegistry } from '#connectors/registry.ts'
import type { Clock } from '#lib/clock.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import { requireStillFor } from '../access/acting.ts'
import { permission } from '../access/permissions.ts'
import {
  type ActingFor,
  checkSourcePermissions,
  isForAnother,
} from '../access/source-permissions.ts'
import { requireStill } from '../access/still.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import type { UserStore } from '../users/store.ts'
import { type DataSource, dataSourceNameFault, type ShownDataSource } from './data-source.ts'
import { checkConnectionType, type DataSourceFields, requireConnector } from './fields.ts'
import { checkOptions, profileOption, redirectedOptions, splitOptions } from './options.ts'
import { createOwnTokens } from './own-tokens.ts'
import { requireProfile } from './profile-of-source.ts'
import type { SecretOptions, SecretOptionsStore } from './secrets.ts'
import type { DataSourceStore } from './store.ts'

type Deps = {
  readonly store: Store
  readonly users: UserStore
  readonly dataSources: DataSourceStore
  readonly secretOptions: SecretOptionsStore
  readonly sealed: SealedValues
  readonly connectors: ConnectorRegistry
  readonly clock: Clock
  readonly contextOf: (tenantId: number) => ConnectorContext
  readonly require: (by: ActingFor, id: number, needed: number) => Command<DataSource>
  readonly shown: (source: DataSource) => Command<ShownDataSource>
}

const nameTaken = (): ManagementError =>
  new ManagementError(refusals.duplicateName, 'The user has a data source of this name.')

const checkName = (name: string): void => {
  const fault = dataSourceNameFault(name)
  if (fault !== undefined) throw new ManagementError(refusals.invalidInput, fault)
}

/** Data store and connection type may be sent again, and must be what they are (management reference 4.2). Throws 400. */
const checkFixed = (before: DataSource, fields: Partial<DataSourceFields>): void => {
  if (fields.dataStore !== undefined && fields.dataStore !== before.dataStore)
    throw new ManagementError(
      refusals.invalidInput,
      'dataStore cannot be changed; create another data source.',
    )
  if (fields.connectionType !== undefined && fields.connectionType !== before.connectionType)
    throw new ManagementError(refusals.connectionTypeFixed)
}

/** What says which account a data source reads with, and where its tokens go. */
type Reach = Pick<DataSource, 'options' | 'oauthProfileId'>

/**
 * Nobody but the owner says where the tokens of the owner's profile are sent: who acts for the owner could otherwise have them
 * delivered (T83). What the owner has set may be sent again, to the letter and for the very same profile; it may have been set
 * by somebody else before there was one. Throws 403.
 */
const checkDestinations = (
  by: ActingFor,
  connector: Connector,
  { before, after }: { readonly before: Reach | undefined; readonly after: Reach },
): void => {
  if (after.oauthProfileId === undefined || !isForAnother(by)) return
  const known = before?.oauthProfileId === after.oauthProfileId ? before.options : {}
  const targets = { before: known, after: after.options }
  const others = redirectedOptions(connector, targets, 'to the letter')
  if (others.length > 0)
    throw new ManagementError(
      refusals.forbidden,
      `Only the owner says where the tokens of an OAuth profile are sent (${others.join(', ')}).`,
    )
}

/** What is kept of secrets: those that were not sent, unless a profile stands for all of them. Throws 400 where they may not follow. */
const keptSecrets = (
  stored: SecretOptions | undefined,
  sent: { readonly secret: SecretOptions; readonly profileId: number | undefined },
  redirected: readonly string[],
): SecretOptions => {
  if (sent.profileId !== undefined) return {}
  if (stored === undefined)
    throw new ManagementError(
      refusals.secretOptionsUnreadable,
      'Create the data source anew, with its secrets.',
    )
  const kept = Object.entries(stored).filter(([name]) => sent.secret[name] === undefined)
  if (kept.length > 0 && redirected.length > 0)
    throw new ManagementError(
      refusals.secretsForOtherServer,
      `With another ${redirected.join(', ')} send ${kept.map(([name]) => name).join(', ')} again.`,
    )
  return Object.fromEntries(kept)
}

/** Creating and replacing data sources. */
export const createChanges = (deps: Deps) => {
  const { store, dataSources, secretOptions } = deps
  const ownTokens = createOwnTokens(store, deps.sealed)

  /** Throws 400 for what does not fit, a profile that is not the owner's, and a name that is taken; 403 as `checkDestinations`. */
  const create = async (by: ActingFor, fields: DataSourceFields): Promise<ShownDataSource> => {
    const { userId: ownerId, tenantId } = by.subject
    checkName(fields.name)
    const connector = requireConnector(deps.connectors, fields.dataStore)
    const connectionType = checkConnectionType(fields.connectionType, fields.dataStore)
    checkOptions(connector, fields.options, deps.contextOf(tenantId))
    const { plain, secret, profileId } = splitOptions(connector, fields.options)
    const after = { options: plain, oauthProfileId: profileId }
    checkDestinations(by, connector, { before: undefined, after })
    const permissions = fields.permissions && checkSourcePermissions(by, fields.permissions)
    return store.write(function* () {
      yield* requireStill(store, by.caller)
      yield* requireStillFor(deps.users, by)
      const { dataStore } = fields
      if (profileId !== undefined) yield* requireProfile(store, profileId, { ownerId, dataStore })
      const draft = {
        ...fields,
        ...after,
        permissions,
        connectionType,
        ownerId,
        tenantId,
      }
      const id = yield* dataSources.insert(draft, deps.clock.now())
      if (id === undefined) throw nameTaken()
      const made = yield* dataSources.readById(id)
      if (made === undefined) throw new Error('the data source was not stored')
      yield* secretOptions.write(made, secret)
      return yield* deps.shown(made)
    })
  }

  function* merge(
    by: ActingFor,
    { before, connector }: { readonly before: DataSource; readonly connector: Connector },
    options: DataSourceFields['options'],
  ): Command<{ readonly after: DataSource; readonly secrets: SecretOptions }> {
    const sent = splitOptions(connector, options)
    const targets = { before: before.options, after: sent.plain }
    const counts = isForAnother(by) ? 'to the letter' : 'server'
    const redirected = redirectedOptions(connector, targets, counts)
    const reach = { options: sent.plain, oauthProfileId: sent.profileId }
    checkDestinations(by, connector, { before, after: reach })
    const stored = yield* secretOptions.open(before)
    const secrets = { ...keptSecrets(stored, sent, redirected), ...sent.secret }
    const profile = sent.profileId === undefined ? {} : { [profileOption]: String(sent.profileId) }
    checkOptions(
      connector,
      { ...sent.plain, ...profile, ...secrets },
      deps.contextOf(before.tenantId),
    )
    if (sent.profileId !== undefined) yield* requireProfile(store, sent.profileId, before)
    const after = { ...before, ...reach, revision: before.revision + 1 }
    yield* ownTokens.follow(
      { source: before, secrets: stored },
      { source: after, secrets },
      sent.secret,
    )
    return { after, secrets }
  }

  /**
   * Replaces name, description and options (management reference 4.1, 4.2). A secret that is left out or empty stays, as long as
   * the servers that it goes to do. Throws 404; 403 without ModifyDataSource on it; 400 as for creating.
   */
  const update = async (
    by: ActingFor,
    id: number,
    fields: Omit<DataSourceFields, 'dataStore'> & { readonly dataStore: number | undefined },
  ): Promise<ShownDataSource> => {
    checkName(fields.name)
    const permissions = fields.permissions && checkSourcePermissions(by, fields.permissions)
    return store.write(function* () {
      yield* requireStill(store, by.caller)
      yield* requireStillFor(deps.users, by)
      const before = yield* deps.require(by, id, permission.modifyDataSource)
      checkFixed(before, { ...fields, dataStore: fields.dataStore ?? before.dataStore })
      if (yield* dataSources.isTaken(before, fields.name)) throw nameTaken()
      const connector = requireConnector(deps.connectors, before.dataStore)
      const { after, secrets } = yield* merge(by, { before, connector }, fields.options)
      const changed = {
        ...after,
        name: fields.name,
        description: fields.description,
        permissions: permissions ?? before.permissions,
      }
      yield* dataSources.update(changed)
      yield* secretOptions.write(changed, secrets)
      return yield* deps.shown(changed)
    })
  }

  return { create, update }
}
