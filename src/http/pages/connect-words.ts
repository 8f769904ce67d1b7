import type { ConnectionView } from '#features/oauth-connections/connection.ts'
import type { Outcome } from '#features/oauth-connections/outcome.ts'
import type { ConnectionRefused } from '#features/oauth-connections/refused.ts'
import type { ConnectResultPage } from './connect-result.ts'
import { momentInWords } from './time.ts'

// What became of a connection, in words of ours: nothing that a data store wrote but its error code.

type Words = { readonly message: string; readonly whatToDo: string }

const again = 'Ask for a new link where you got this one, and begin again.'
const administrator =
  'Tell your administrator, who can look at the OAuth application; then ask for a new link.'
const later = 'Wait a while; then ask for a new link and begin again.'
const nothingStored = 'Nothing was stored.'

const broken = (message: string): Words => ({
  message: `${message} ${nothingStored}`,
  whatToDo: administrator,
})
const passing = (message: string): Words => ({
  message: `${message} ${nothingStored}`,
  whatToDo: later,
})

/** By the reason of an outcome; of `store-refused` by the data store's error code. */
const endings: Readonly<Record<Exclude<Outcome['reason'], 'store-refused'>, Words>> = {
  cancelled: { message: 'You chose Cancel. Nothing was stored.', whatToDo: again },
  'wrong-callback': {
    message:
      'The answer came to the address of another OAuth application. Somebody may have tried to get hold of it, so it was not used. Nothing was stored.',
    whatToDo: 'Tell your administrator before you try again.',
  },
  'application-changed': {
    message:
      'The OAuth application was changed meanwhile, cannot be used by you any more, or its secret cannot be read. Nothing was stored.',
    whatToDo: again,
  },
  'profile-changed': {
    message: 'The OAuth profile was deleted or changed meanwhile. Nothing was stored.',
    whatToDo: again,
  },
  'name-taken': {
    message:
      'Meanwhile you have another OAuth profile of this name, so this one was not made. Nothing was stored.',
    whatToDo: 'Ask for a new link with another name.',
  },
  'no-longer-allowed': {
    message: 'Your user account or its permissions were changed meanwhile. Nothing was stored.',
    whatToDo: 'Ask your administrator for the permission to create data sources (1).',
  },
  'signed-out': {
    message: 'You were signed out meanwhile. Nothing was stored.',
    whatToDo: 'Sign in, ask for a new link, and stay signed in until you are back.',
  },
  'other-account': {
    message:
      'You allowed it with another account of the data store than before. The OAuth profile was left as it is.',
    whatToDo:
      'Ask for a new link and choose the same account there; for another account, make another OAuth profile.',
  },
  'no-refresh-token': { message: '', whatToDo: '' },
  unreachable: passing('The data store could not be reached.'),
  'timed-out': passing('The data store did not answer in time.'),
  failing: passing('The data store cannot answer at the moment.'),
  throttled: passing('The data store asks to be left alone for a while.'),
  'forbidden-address': broken('The data store has an address that this server may not call.'),
  certificate: broken('The certificate of the data store is not valid.'),
  'too-large': broken('The answer of the data store was too large.'),
  redirected: broken('The data store sent us elsewhere, where credentials may not follow.'),
  malformed: broken('The answer of the data store was not what OAuth 2.0 demands.'),
  unauthorized: broken('The data store did not accept us.'),
  'client-refused': broken(
    'The data store does not accept the client id and secret of the OAuth application.',
  ),
  refused: broken('The data store refused the request for tokens.'),
  'grant-refused': {
    message:
      'The data store did not accept its own answer any more: it was too old, or was used already. Nothing was stored.',
    whatToDo: again,
  },
}

/** RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6. */
const storeErrors: Readonly<Record<string, Words>> = {
  access_denied: {
    message: 'The data store says that access was not allowed. Nothing was stored.',
    whatToDo: 'If you want to allow it after all, ask for a new link and begin again.',
  },
  interaction_required: passing('The data store wants something from you that it did not ask for.'),
  login_required: passing('You were not signed in at the data store.'),
  consent_required: passing('The data store needs your consent, and did not ask for it.'),
  server_error: passing('The data store failed.'),
  temporarily_unavailable: passing('The data store is not available at the moment.'),
  invalid_scope: broken('The data store does not know the scope of the OAuth application.'),
  unauthorized_client: broken('The data store does not let the OAuth application do this.'),
}

const wordsOf = ({ reason, code }: Outcome): Words =>
  reason === 'store-refused'
    ? (storeErrors[code !== undefined && Object.hasOwn(storeErrors, code) ? code : ''] ??
      broken('The data store refused.'))
    : endings[reason]

const endOfAccess = (code: string | undefined): string =>
  code === undefined ? 'when the data store ends it' : `on ${momentInWords(new Date(Number(code)))}`

const connected = ({ name, again: isAgain, outcome }: ConnectionView): ConnectResultPage => ({
  kind: 'done',
  title: isAgain ? 'Connected again' : 'Connected',
  message: isAgain
    ? 'The OAuth profile has new tokens and works again.'
    : 'The OAuth profile is made. Your data sources can use it.',
  profileName: name,
  ...(outcome?.reason === 'no-refresh-token'
    ? {
        warning: {
          title: 'It will not last.',
          text: `The data store gave no refresh token. The access ends ${endOfAccess(outcome.code)}; then the account must be connected again. Your administrator may have to ask for offline access in the scope of the OAuth application.`,
        },
      }
    : { whatToDo: 'You can close this window.' }),
})

const failed = ({ name, outcome, again: isAgain }: ConnectionView): ConnectResultPage => {
  const words = outcome === undefined ? broken('It did not work.') : wordsOf(outcome)
  const code = outcome?.reason === 'no-refresh-token' ? undefined : outcome?.code
  return {
    kind: 'problem',
    title: isAgain ? 'Not connected again' : 'Not connected',
    ...words,
    profileName: name,
    ...(code === undefined ? {} : { code }),
  }
}

const problem = (title: string, words: Words, name?: string): ConnectResultPage => ({
  kind: 'problem',
  title,
  ...words,
  ...(name === undefined ? {} : { profileName: name }),
})

/** The page of a connection that is not open. */
export const resultOf = (view: ConnectionView): ConnectResultPage => {
  switch (view.state) {
    case 'connected':
      return connected(view)
    case 'failed':
      return failed(view)
    case 'exchanging':
      return {
        kind: 'waiting',
        title: 'One moment, please',
        message: 'The account is being connected at this moment.',
        whatToDo: 'Reload this page in a few seconds.',
        profileName: view.name,
      }
    case 'interrupted':
      return problem(
        'Interrupted',
        {
          message:
            'The server was interrupted after the data store had answered. What it answered can be used once only, and is lost.',
          whatToDo: again,
        },
        view.name,
      )
    case 'away':
    case 'overdue':
      return problem(
        'This link was used already',
        {
          message:
            'It led to the data store, and nobody has come back from there in the browser that went.',
          whatToDo:
            view.state === 'away'
              ? 'Go on in the window where the page of the data store is, or ask for a new link.'
              : again,
        },
        view.name,
      )
    case 'open':
    case 'expired':
      return problem('This link does not work', {
        message: 'It was not used within 10 minutes.',
        whatToDo: again,
      })
  }
}

const refusals: Readonly<Record<ConnectionRefused['reason'], readonly [number, string, string]>> = {
  'unknown-link': [404, 'This link does not work', again],
  'link-expired': [400, 'This link does not work', again],
  'already-used': [400, 'This link was used already', again],
  'application-gone': [400, 'This cannot be connected', administrator],
  'other-user': [
    403,
    'This link is not yours',
    'If you did not ask for it, close this page: somebody may want to connect an account of yours to theirs. If it is yours, sign in with the account that asked for it.',
  ],
  'unknown-answer': [400, 'This answer belongs to nothing', again],
  'unclear-answer': [400, 'This answer cannot be used', again],
  overdue: [400, 'This took too long', again],
  'not-signed-in': [
    401,
    'You are not signed in',
    'The answer of the data store was not used. Sign in, ask for a new link, and begin again in this browser.',
  ],
  'other-session': [
    403,
    'This was begun somewhere else',
    'The answer of the data store was not used. If you did not begin this yourself, close this page. Else ask for a new link and begin again in one browser, without signing out in between.',
  ],
}

/** The page of a refusal, and its status. */
export const refusedResult = ({
  reason,
  message,
}: ConnectionRefused): { readonly status: number; readonly page: ConnectResultPage } => {
  const [status, title, whatToDo] = refusals[reason]
  return { status, page: problem(title, { message, whatToDo }) }
}
