import { hash, randomBytes } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import { parseSelection, reaches } from '#oauth/selection.ts'
import { isWellFormed } from '#oauth/token-format.ts'
import { type Command, first, prepare } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Hasher } from '#vault/hashing.ts'
import { permission } from '../access/permissions.ts'
import { readSourcePermissions } from '../access/source-permissions.ts'
import { dataSourceNameKey, type SourceRef } from '../data-sources/data-source.ts'
import {
  readLimitColumns,
  type ReadLimitRow,
  type ReadLimits,
  toReadLimits,
} from '../limits/effective.ts'
import type { LastUsed } from './last-used.ts'

type Row = ReadLimitRow & {
  expires_at: number
  alive: number
  may_read: number
  grant_type: string
  chain_selection: string
  consent_selection: string
  consent_id: number
  application_id: number
  user_id: number
  tenant_id: number
  source_id: number | null
  source_revision: number | null
  source_demand: number | null
  source_permissions: string | null
}

type Found = {
  readonly expiresAt: number
  readonly alive: boolean
  readonly mayRead: boolean
  readonly userId: number
  readonly consentId: number
  readonly applicationId: number
  /** The data source, if it is there and both selections reach it. */
  readonly source: SourceRef | undefined
  readonly limits: ReadLimits
}

/** A machine client reads what its owner listed for it; a person's own consent to the same application is another matter. */
const isReached = (row: Row, sourceId: number): boolean =>
  reaches(parseSelection(row.chain_selection), sourceId) &&
  (row.grant_type === 'client_credentials' ||
    reaches(parseSelection(row.consent_selection), sourceId))

const toFound = (row: Row): Found => {
  const { source_id: id, source_revision: revision, source_demand: modelDemand } = row
  const reached = id !== null && isReached(row, id)
  // What is set on the data source counts alone (management reference 1.3, rule 5); of one out of reach nothing is told.
  const set = readSourcePermissions(reached ? row.source_permissions : null)
  return {
    expiresAt: row.expires_at,
    alive: Boolean(row.alive),
    mayRead: set === undefined ? Boolean(row.may_read) : set.includes(permission.useOData),
    userId: row.user_id,
    consentId: row.consent_id,
    applicationId: row.application_id,
    source:
      reached && revision !== null && modelDemand !== null
        ? { id, revision, modelDemand }
        : undefined,
    limits: toReadLimits(row),
  }
}

/** What a bearer token may do with a data source, at this moment. */
export type BearerOutcome =
  | {
      readonly kind: 'open'
      readonly userId: number
      readonly source: SourceRef
      readonly limits: ReadLimits
    }
  /** The token is unknown, expired or ended; or its user, application or tenant is disabled. */
  | { readonly kind: 'invalid' }
  /** The user lacks permission 7. */
  | { readonly kind: 'forbidden' }
  /** There is no such data source within the reach of this token. */
  | { readonly kind: 'no-source' }

/** The one joined read of a check. */
const prepareCheck = ({ sql }: Store) => {
  const reading = [permission.useOData, permission.administrator]
  return prepare<{ hash: Uint8Array; name: string }, Row>((slot) =>
    sql
      .selectFrom('access_tokens as k')
      .innerJoin('chains as h', 'h.id', 'k.chain_id')
      .innerJoin('consents as g', 'g.id', 'h.consent_id')
      .innerJoin('client_applications as a', 'a.id', 'g.application_id')
      .innerJoin('users as o', 'o.id', 'a.owner_id')
      .innerJoin('tenants as ot', 'ot.id', 'a.tenant_id')
      .innerJoin('users as u', 'u.id', 'g.user_id')
      .innerJoin('tenants as t', 't.id', 'u.tenant_id')
      .leftJoin('data_sources as s', (join) =>
        join.onRef('s.owner_id', '=', 'u.id').on('s.name_key', '=', slot('name')),
      )
      .select([
        'k.expires_at',
        'h.grant_type',
        'h.selection as chain_selection',
        'g.selection as consent_selection',
      ])
      .select([
        'g.id as consent_id',
        'g.application_id',
        'u.id as user_id',
        'u.tenant_id',
        's.id as source_id',
        's.revision as source_revision',
        's.model_demand as source_demand',
        's.permissions as source_permissions',
      ])
      .select(readLimitColumns({ dataSource: 's.id', user: 'u.id', tenant: 'u.tenant_id' }))
      .select((e) =>
        e
          .and([
            e('a.enabled', '=', 1),
            e('o.status', '=', 1),
            e('ot.status', '=', 1),
            e('u.status', '=', 1),
            e('t.status', '=', 1),
          ])
          .as('alive'),
      )
      .select((e) =>
        e
          .or([
            e.exists(
              e
                .selectFrom('user_permissions as p')
                .select('p.user_id')
                .whereRef('p.user_id', '=', 'u.id')
                .where('p.permission_id', 'in', reading),
            ),
            e.exists(
              e
                .selectFrom('user_roles as ur')
                .innerJoin('role_permissions as rp', 'rp.role_id', 'ur.role_id')
                .select('ur.user_id')
                .whereRef('ur.user_id', '=', 'u.id')
                .where('rp.permission_id', 'in', reading),
            ),
          ])
          .as('may_read'),
      )
      .where('k.token_hash', '=', slot('hash')),
  )
}

/**
 * Checks a bearer token and the data source it wants by reading the truth: one joined read (DESIGN
 * invariants 14 and 15). A data source that the token does not reach is not told from one that is not there.
 */
export const createBearerCheck = (deps: {
  readonly store: Store
  readonly hash: Hasher
  readonly clock: Clock
  readonly lastUsed: LastUsed
}) => {
  const query = prepareCheck(deps.store)

  const judge = (found: Found | undefined): BearerOutcome => {
    if (found === undefined || found.expiresAt <= deps.clock.now() || !found.alive)
      return { kind: 'invalid' }
    if (!found.mayRead) return { kind: 'forbidden' }
    if (found.source === undefined) return { kind: 'no-source' }
    const { userId, source, limits } = found
    return { kind: 'open', userId, source, limits }
  }

  // Answers are remembered under a hash that costs a third of the one that is stored, so that no token lies in
  // memory; the key is this process's own.
  const salt = randomBytes(32).toString('base64')
  const nameOf = (token: string): string => hash('sha256', salt + token, 'base64')

  /**
   * @param sourceName as it stands in the URL; compared without case
   * @param fresh asks the database even where an answer may be reused: for open streams, which ask every 500 ms
   */
  return async (token: string, sourceName: string, fresh = false): Promise<BearerOutcome> => {
    if (!isWellFormed('accessToken', token)) return { kind: 'invalid' }
    const name = dataSourceNameKey(sourceName)
    const read = function* (): Command<Found | undefined> {
      const row = yield* first(query({ hash: deps.hash('access-token', token), name }))
      return row && toFound(row)
    }
    const key = `bearer/${nameOf(token)}/${name}`
    let found = await deps.store.recall(key, read, { fresh })
    let outcome = judge(found)
    // What is remembered may only say yes: what another node has given meanwhile is good at once.
    if (!fresh && outcome.kind !== 'open') {
      found = await deps.store.recall(key, read, { fresh: true })
      outcome = judge(found)
    }
    if (found !== undefined && outcome.kind === 'open')
      deps.lastUsed.note(found.consentId, found.applicationId)
    return outcome
  }
}

export type BearerCheck = ReturnType<typeof createBearerCheck>
