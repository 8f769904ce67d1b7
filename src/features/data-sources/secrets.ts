import { type Command, all, first, run } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Place } from '#vault/envelope.ts'
import { ManagementError, refusals } from '../refusals.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import type { DataSource } from './data-source.ts'

/** Options that are secrets, by name. */
export type SecretOptions = Readonly<Record<string, string>>

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
  function* openText(
    place: SourcePlace,
    stored: string | null,
  ): Command<SecretOptions | undefined> {
    if (stored === null) return {}
    const text = yield* sealed.open(placeOf(place), stored)
    return text === undefined ? undefined : (JSON.parse(text) as SecretOptions)
  }

  /** Empty where there are none; undefined when what is stored was not sealed for this data source in this revision. */
  function* open(source: SourcePlace): Command<SecretOptions | undefined> {
    const row = yield* first(
      sql.selectFrom('data_sources').select('secret_options').where('id', '=', source.id),
    )
    return yield* openText(source, row?.secret_options ?? null)
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

  /** Those of a user, opened where they are now; what does not open is left out. Made for `restore`, around a move. */
  function* take(
    ownerId: number,
  ): Command<readonly { readonly id: number; readonly secrets: SecretOptions }[]> {
    const rows = yield* all(
      sql
        .selectFrom('data_sources')
        .select(['id', 'tenant_id', 'revision', 'secret_options'])
        .where('owner_id', '=', ownerId)
        .where('secret_options', 'is not', null),
    )
    const taken: { id: number; secrets: SecretOptions }[] = []
    for (const row of rows) {
      const place = { id: row.id, tenantId: row.tenant_id, revision: row.revision }
      const secrets = yield* openText(place, row.secret_options)
      taken.push({ id: row.id, secrets: secrets ?? {} })
    }
    return taken
  }

  /** Seals what was taken for where the data sources are now. */
  function* restore(
    taken: readonly { readonly id: number; readonly secrets: SecretOptions }[],
  ): Command<void> {
    for (const { id, secrets } of taken) {
      const row = yield* first(
        sql.selectFrom('data_sources').select(['tenant_id', 'revision']).where('id', '=', id),
      )
      if (row !== undefined)
        yield* write({ id, tenantId: row.tenant_id, revision: row.revision }, secrets)
    }
  }

  /** All options of a data source, secrets included: for a connector, and nobody else. Throws 222208476. */
  function* whole(source: DataSource): Command<Readonly<Record<string, string>>> {
    const secrets = yield* open(source)
    if (secrets === undefined) throw new ManagementError(refusals.secretOptionsUnreadable)
    return { ...source.options, ...secrets }
  }

  return { open, whole, write, take, restore }
}

export type SecretOptionsStore = ReturnType<typeof createSecretOptions>
