import type { Clock } from '#lib/clock.ts'
import { Secret } from '#lib/secret.ts'
import { mintToken, type RandomBytes } from '#oauth/token-format.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Place } from '#vault/envelope.ts'
import type { Hasher } from '#vault/hashing.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import { ManagementError, refusals } from '../refusals.ts'
import { timestamp } from '../timestamp.ts'
import type { Application } from './application.ts'
import { createSecretStore, type SecretDates } from './secret-store.ts'

type Deps = {
  readonly store: Store
  readonly sealed: SealedValues
  readonly hash: Hasher
  readonly clock: Clock
  readonly random: RandomBytes
  /** HEADGATE_HDP=show-secrets: secrets are sealed and shown again. */
  readonly showSecrets: boolean
}

const placeOf = (application: Application, secretId: number): Place => ({
  tenantId: application.tenantId,
  table: 'client_secrets',
  rowId: String(secretId),
  column: 'sealed',
  generation: 1,
})

/** So many secrets of one application count at once: the one that is being replaced, and its successor. */
const mostLive = 2

const refuseThird = (live: readonly SecretDates[]): ManagementError => {
  const ends = live.at(-1)?.expiresAt
  const until = ends === undefined ? '' : `, the older one until ${timestamp(ends)} UTC`
  return new ManagementError(
    refusals.applicationNotReset,
    `Two secrets are valid${until}. Wait for its end, or reset without overlap, which ends both and all access.`,
  )
}

/** The secrets of client applications: hashed, and sealed only where they may be shown again. */
export const createApplicationSecrets = (deps: Deps) => {
  const { sealed } = deps
  const rows = createSecretStore(deps.store)

  /** Makes a secret, told once; public applications have none. */
  function* add(application: Application): Command<Secret | undefined> {
    if (application.clientType === 'public') return undefined
    const secret = new Secret(mintToken('clientSecret', deps.random))
    const hash = deps.hash('client-secret', secret.reveal())
    const id = yield* rows.add(application.id, hash, deps.clock.now())
    if (deps.showSecrets)
      yield* rows.setSealed(id, yield* sealed.seal(placeOf(application, id), secret.reveal()))
    return secret
  }

  const live = (application: Application): Command<readonly SecretDates[]> =>
    rows.live(application.id, deps.clock.now())

  /**
   * Makes a secret beside the one there is, which stays valid for the overlap (milliseconds) or to the end that it has.
   * Refuses a third one, and public applications.
   */
  function* addBeside(application: Application, overlap: number): Command<Secret | undefined> {
    if (application.clientType === 'public')
      throw new ManagementError(
        refusals.applicationNotReset,
        'A public application has no secret that could overlap; reset it without overlap.',
      )
    const others = yield* live(application)
    if (others.length >= mostLive) throw refuseThird(others)
    yield* rows.endAt(application.id, deps.clock.now() + overlap)
    return yield* add(application)
  }

  /** The secret, where HDP's habit of showing it is on and it was sealed. */
  function* read(application: Application): Command<Secret | undefined> {
    if (!deps.showSecrets) return undefined
    const row = yield* rows.readSealed(application.id)
    if (row === undefined || row.sealed === null) return undefined
    const text = yield* sealed.open(placeOf(application, row.id), row.sealed)
    return text === undefined ? undefined : new Secret(text)
  }

  /** Ends all of them at once. */
  const removeAll = (application: Application): Command<void> => rows.removeAll(application.id)

  return { add, addBeside, live, read, removeAll }
}

export type ApplicationSecrets = ReturnType<typeof createApplicationSecrets>
