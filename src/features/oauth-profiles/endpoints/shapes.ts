import Type, { type Static } from 'typebox'
import { Id } from '../../shapes.ts'
import { timestamp } from '../../timestamp.ts'
import type { TokenEvent } from '../../upstream-tokens/token.ts'
import { type SentOAuthProfile, sentToken } from '../sent.ts'
import type { ShownOAuthProfile } from '../service.ts'
import type { ListedProfile } from '../store.ts'

/** The six keys of a list item, always all of them, in the order of HDP's sample (OAuth reference C.5). */
export const listed = (profile: ListedProfile) => ({
  id: String(profile.id),
  name: profile.name,
  description: profile.description,
  authorizeURI: profile.authorizeUri,
  tokenURI: profile.tokenUri,
  scope: profile.scope,
})

export const ListedShape = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  authorizeURI: Type.String(),
  tokenURI: Type.String(),
  scope: Type.String(),
})

const fields = ({ profile }: ShownOAuthProfile) => ({
  id: profile.id,
  name: profile.name,
  oauthAppId: profile.applicationId,
  description: profile.description,
})

/** The only place where tokens of an upstream become text of an answer: with HEADGATE_HDP=show-secrets (T57). */
const secrets = ({ tokens }: ShownOAuthProfile) =>
  tokens === undefined
    ? {}
    : {
        accessToken: tokens.accessToken?.reveal() ?? '',
        refreshToken: tokens.refreshToken?.reveal() ?? '',
      }

const standing = ({ usable, token, failing }: ShownOAuthProfile) => {
  const since = token === undefined ? {} : { since: timestamp(token.stateAt) }
  const expires =
    token?.accessExpiresAt === undefined ? {} : { expires: timestamp(token.accessExpiresAt) }
  if (token?.state !== 'ready')
    return { status: 'reconnect-needed', reason: token?.stateReason ?? 'no-tokens', ...since }
  if (!usable) return { status: 'unavailable', reason: 'application-not-available', ...expires }
  if (failing === undefined) return { status: 'ready', ...since, ...expires }
  const nextTry = token.retryAt === undefined ? {} : { nextTry: timestamp(token.retryAt) }
  const reason = failing.detail ?? 'unknown'
  return { status: 'failing', reason, since: timestamp(failing.since), ...nextTry, ...expires }
}

/** A profile as reading it shows it: with what its user must know, whatever else is shown. */
export const shown = (found: ShownOAuthProfile) => ({
  ...fields(found),
  ...secrets(found),
  ...standing(found),
})

/** A profile as creating and changing it answers: HDP's sample key for key where tokens are shown, else as reading. */
export const written = (made: ShownOAuthProfile) =>
  made.tokens === undefined ? shown(made) : { ...fields(made), ...secrets(made) }

const token = (which: string) =>
  Type.Optional(
    Type.String({ description: `The ${which} token; only with HEADGATE_HDP=show-secrets` }),
  )

const time = (what: string) => Type.Optional(Type.String({ description: what }))

export const Shown = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  oauthAppId: Type.Integer(),
  description: Type.String(),
  accessToken: token('access'),
  refreshToken: token('refresh'),
  status: Type.Optional(
    Type.String({
      description:
        'ready; failing: the data store gave no new token when it was last asked, it is asked again after nextTry, and an access token of before does until it expires; reconnect-needed: the data store takes the tokens no more, connect the account again or send tokens; unavailable: the OAuth application may not be used any more',
    }),
  ),
  reason: Type.Optional(Type.String({ description: 'Why it is not ready' })),
  since: time('Since when it is so, in UTC'),
  nextTry: time('Before then the data store is not asked for a new token again, in UTC'),
  expires: time('When the access token ends, in UTC, where that is known'),
})

const tokenField = (what: string) => Type.String({ description: what })

export const UpdateBody = Type.Object({
  name: Type.String({
    description:
      '1 to 128 letters, digits, underscores, blanks and dashes; unique among those of the user, in any case',
  }),
  oauthAppId: Type.Union(Id.anyOf, { description: 'The OAuth application it belongs to' }),
  description: Type.Optional(Type.String()),
  accessToken: Type.Optional(
    tokenField('The access token; left out, the next one is got with the refresh token'),
  ),
  refreshToken: Type.Optional(
    tokenField('The refresh token; left out or empty, the stored one is kept'),
  ),
})

export const CreateBody = Type.Object({
  ...UpdateBody.properties,
  refreshToken: tokenField('The refresh token'),
})

export const sentIn = (body: Static<typeof UpdateBody>): SentOAuthProfile => ({
  name: body.name,
  description: body.description ?? '',
  applicationId: Number(body.oauthAppId),
  accessToken: sentToken(body.accessToken),
  refreshToken: sentToken(body.refreshToken),
})

export const event = ({ at, cause, outcome, detail }: TokenEvent) => ({
  at: timestamp(at),
  cause,
  outcome,
  ...(detail === undefined ? {} : { detail }),
})

export const EventShape = Type.Object({
  at: Type.String({ description: 'YYYY-MM-DD HH:mm:ss, in UTC' }),
  cause: Type.String({
    description: 'connected, reconnected, written, expiry, rejected or first-use',
  }),
  outcome: Type.String({ description: 'stored, refreshed, failed or reconnect-needed' }),
  detail: Type.Optional(Type.String()),
})
