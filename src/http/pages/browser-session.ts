import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '#features/access/caller.ts'
import type { User } from '#features/users/user.ts'
import type { Sessions } from '#features/authentication/sessions.ts'
import { isWellFormed, mintToken, type RandomBytes } from '#oauth/token-format.ts'
import { FormBody } from '../body.ts'
import type { Cookies } from '../cookies.ts'
import { type Csrf, isForeignForm } from '../csrf.ts'

/** A signed-in browser. */
export type SignedIn = { readonly caller: Caller; readonly sessionId: string }

/** A form of ours that was sent from somewhere else, is too old, or is incomplete. */
export class FormError extends Error {}

/** What the pages know of the browser: its own cookie, its session, and whether a form is really ours. */
export const createBrowserSession = (deps: {
  readonly cookies: Cookies
  readonly sessions: Sessions
  readonly csrf: Csrf
  readonly random: RandomBytes
  readonly publicUrl: string
}) => {
  const { cookies, sessions, csrf } = deps

  const readBrowser = (request: FastifyRequest): string | undefined => {
    const value = cookies.read(request, 'browser')
    return value !== undefined && isWellFormed('browser', value) ? value : undefined
  }

  /** The browser's own secret, made at its first visit. */
  const ensureBrowser = (request: FastifyRequest, reply: FastifyReply): string => {
    const known = readBrowser(request)
    if (known !== undefined) return known
    const fresh = mintToken('browser', deps.random)
    cookies.write(reply, 'browser', fresh)
    return fresh
  }

  const readSession = async (request: FastifyRequest): Promise<SignedIn | undefined> => {
    const sessionId = cookies.read(request, 'session')
    const caller = sessionId === undefined ? undefined : await sessions.read(sessionId)
    return sessionId === undefined || caller === undefined ? undefined : { caller, sessionId }
  }

  /** Begins a session under a new id, ending the one that the browser had (T13, T21); false when the password was replaced meanwhile. */
  const signIn = async (
    request: FastifyRequest,
    reply: FastifyReply,
    user: User,
  ): Promise<boolean> => {
    const before = cookies.read(request, 'session')
    const sessionId = await sessions.begin(user)
    if (sessionId === undefined) return false
    cookies.write(reply, 'session', sessionId)
    if (before !== undefined) await sessions.end(before)
    return true
  }

  const signOut = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const sessionId = cookies.read(request, 'session')
    if (sessionId !== undefined) await sessions.end(sessionId)
    cookies.clear(reply, 'session')
  }

  /** The fields of a form of ours; throws `FormError` when anything says that it is not. */
  const readForm = (
    request: FastifyRequest,
    cookie: string | undefined,
    purpose: string,
  ): ReadonlyMap<string, readonly string[]> => {
    if (isForeignForm(request, deps.publicUrl))
      throw new FormError('The form was sent from another site.')
    if (!(request.body instanceof FormBody)) throw new FormError('The form is empty.')
    const fields = new Map<string, string[]>()
    for (const [name, value] of request.body.entries)
      fields.set(name, [...(fields.get(name) ?? []), value])
    if (!csrf.isValid(cookie, purpose, fields.get('csrf')?.[0]))
      throw new FormError('The form is too old, or its cookie is missing.')
    return fields
  }

  return {
    readBrowser,
    ensureBrowser,
    readSession,
    signIn,
    signOut,
    readForm,
    csrfFor: csrf.tokenFor,
  }
}

export type BrowserSession = ReturnType<typeof createBrowserSession>

/** The one value of a field; undefined when it is missing, throws when it repeats. */
export const oneField = (
  fields: ReadonlyMap<string, readonly string[]>,
  name: string,
): string | undefined => {
  const values = fields.get(name)
  if (values !== undefined && values.length > 1)
    throw new FormError(`The form has ${name} more than once.`)
  return values?.[0]
}
