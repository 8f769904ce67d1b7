import type { Clock } from '#lib/clock.ts'
import { Secret } from '#lib/secret.ts'
import { mintToken, type RandomBytes } from '#oauth/token-format.ts'
import type { Command } from '#store/command.ts'
import type { Place } from '#vault/envelope.ts'
import type { Hasher } from '#vault/hashing.ts'
import type { SealedValues } from '../sealed/data-keys.ts'
import type { Application } from './application.ts'
import type { ApplicationStore } from './store.ts'

type Deps = {
  readonly applications: ApplicationStore
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

/** The secrets of client applications: hashed, and sealed only where they may be shown again. */
export const createApplicationSecrets = (deps: Deps) => {
  const { applications, sealed } = deps

  /** Makes a secret, told once; public applications have none. */
  function* add(application: Application): Command<Secret | undefined> {
    if (application.clientType === 'public') return undefined
    const secret = new Secret(mintToken('clientSecret', deps.random))
    const hash = deps.hash('client-secret', secret.reveal())
    const id = yield* applications.addSecret(application.id, hash, deps.clock.now())
    if (deps.showSecrets)
      yield* applications.setSealed(
        id,
        yield* sealed.seal(placeOf(application, id), secret.reveal()),
      )
    return secret
  }

  /** The secret, where HDP's habit of showing it is on and it was sealed. */
  function* read(application: Application): Command<Secret | undefined> {
    if (!deps.showSecrets) return undefined
    const row = yield* applications.readSealed(application.id)
    if (row === undefined || row.sealed === null) return undefined
    const text = yield* sealed.open(placeOf(application, row.id), row.sealed)
    return text === undefined ? undefined : new Secret(text)
  }

  return { add, read }
}

export type ApplicationSecrets = ReturnType<typeof createApplicationSecrets>
