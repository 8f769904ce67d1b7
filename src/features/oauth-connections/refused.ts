import { Refusal } from '#lib/refusal.ts'

/** Why a step of a connection is not done; nothing of the connection has changed then. */
const sentences = {
  'unknown-link': 'This link is not known here, or it was made more than a day ago.',
  'other-user': 'This link belongs to another account.',
  'already-used': 'This link was used already.',
  'link-expired': 'This link was not used within 10 minutes.',
  'application-gone': 'The OAuth application of this link cannot be used any more.',
  'unknown-answer': 'The answer of the data store belongs to no connection that is known here.',
  'unclear-answer': 'The answer of the data store is not complete, or says something twice.',
  overdue: 'The answer of the data store came after more than 20 minutes.',
  'not-signed-in': 'Nobody is signed in here in this browser.',
  'other-session': 'The connection was begun in another browser or session.',
} as const

export type ConnectionRefusal = keyof typeof sentences

/** An expected "no" on the way to a data store and back; the pages say what to do about it. */
export class ConnectionRefused extends Refusal {
  readonly reason: ConnectionRefusal

  constructor(reason: ConnectionRefusal) {
    super(sentences[reason])
    this.reason = reason
  }
}
