import { ConnectorError } from '#connectors/errors.ts'
import { type Command, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Place } from '#vault/envelope.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import type { DataSource } from './data-source.ts'

/** Options that are secrets, by name. */
export type SecretOptions = Readonly<Record<string, string>>

/** For whoever is about to connect. Throws a `ConnectorError` for those that do not open any more. */
export const requireSecrets = (secrets: SecretOptions | undefined): SecretOptions => {
  if (secrets !== undefined) return secrets
  throw new ConnectorError(
    'rejected',
    'The secrets of this data source cannot be read any more; its owner must create it anew.',
  )
}

type SourcePlace = Pick<DataSource, 'id' | 'tenantId' | 'revision'>

/** Where they lie (DESIGN invariant 6): of another data source, tenant or revision they do not open (T74). */
const placeOf = ({ id, tenantId, revision }: SourcePlace): Place => ({
  tenantId,
  table: 'data_sources',
  rowId: String(id),
  column: 'secret_options',
  generation: revision,
})

/** The secret options of data sources: one sealed object each. Each function is a command. */
export const createSecretOptions = ({ sql }: Store, sealed: SealedValues) => {
  /** Empty where there are none; undefined when what is stored was not sealed for this data source in this revision. */
  function* open(source: SourcePlace): Command<SecretOptions | undefined> {
    const row = yield* first(
      sql.selectFrom('data_sources').select('secret_options').where('id', '=', source.id),
    )
    const stored = row?.secret_options ?? null
    if (stored === null) return {}
    const text = yield* sealed.open(placeOf(source), stored)
    return text === undefined ? undefined : (JSON.parse(text) as SecretOptions)
  }

  /** Seals them for the data source as it is now, in place of those that there were. */
  function* write(source: SourcePlace, secrets: SecretOptions): Command<void> {
    const none = Object.keys(secrets).length === 0
    yield* run(
      sql
        .updateTable('data_sources')
        .set({
          secret_options: none
            ? null
            : yield* sealed.seal(placeOf(source), JSON.stringify(secrets)),
        })
        .where('id', '=', source.id),
    )
  }

  /** All options of a data source, secrets included: for a connector, and nobody else. Throws 222208476. */
  function* whole(source: DataSource): Command<Readonly<Record<string, string>>> {
    const secrets = yield* open(source)
    if (secrets === undefined) throw new ManagementError(refusals.secretOptionsUnreadable)
    return { ...source.options, ...secrets }
  }

  return { open, whole, write }
}

export type SecretOptionsStore = ReturnType<typeof createSecretOptions>
