import { LocalAuthorizeError } from '#oauth/errors.ts'
import type { Decision } from '#oauth/model.ts'
import type { Command } from '#store/command.ts'
import type { Store } from '#store/store.ts'
import type { Sessions } from '../authentication/sessions.ts'
import type { AuthorizationRequests } from './authorization-requests.ts'
import type { Consents } from './consents.ts'
import type { Asked } from './standing.ts'

/** Who answers a request that waits: the request's handle, and the browser and session that it is answered in. */
export type Answering = {
  readonly handle: string
  readonly browser: string | undefined
  readonly sessionId: string
}

export const flowIsOver = (): LocalAuthorizeError =>
  new LocalAuthorizeError(
    'This authorization is over: it was decided, took too long, or was begun in another browser.',
  )

/**
 * The answers to a request for authorization. Each is one transaction: the request is taken, the session still
 * stands, and the code is made, or none of it; so two answers give one result (T14), and a sign-out or a new
 * password in between is not outrun.
 */
export const createDecisions = (deps: {
  readonly store: Store
  readonly sessions: Sessions
  readonly requests: AuthorizationRequests
  readonly consents: Consents
}) => {
  const guard = (by: Answering) =>
    function* (): Command<void> {
      if (!(yield* deps.sessions.stands(by.sessionId))) throw flowIsOver()
      if (!(yield* deps.requests.take(by.handle, by.browser))) throw flowIsOver()
    }
  return {
    /** Answers the code. */
    allow: (asked: Asked, decision: Decision, by: Answering): Promise<string> =>
      deps.consents.issueCode(asked, decision, guard(by)),
    /** A code on the consent that stands; answers it. */
    allowAgain: (asked: Asked, by: Answering): Promise<string> =>
      deps.consents.issueRemembered(asked, guard(by)),
    deny: (by: Answering): Promise<void> => deps.store.write(guard(by)),
  }
}

export type Decisions = ReturnType<typeof createDecisions>
