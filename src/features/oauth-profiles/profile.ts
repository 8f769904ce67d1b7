/** An account of a user at a data store, reached through an OAuth application (OAuth reference C.4). Its tokens lie apart. */
export type OAuthProfile = {
  readonly id: number
  /** Whose it is: nobody else's data sources use it. */
  readonly ownerId: number
  readonly tenantId: number
  readonly applicationId: number
  readonly name: string
  readonly description: string
}

/** Names are compared without case, within what an owner has. */
export const profileNameKey = (name: string): string => name.trim().toLowerCase()

/** What is wrong with a name, or undefined. */
export const profileNameFault = (name: string): string | undefined =>
  /^[A-Za-z0-9_ -]{1,128}$/.test(name) && name.trim() !== ''
    ? undefined
    : 'name must have 1 to 128 letters, digits, underscores, blanks and dashes, and not blanks alone.'

const longestDescription = 1000

/** What is wrong with a description, or undefined. */
export const profileDescriptionFault = (text: string): string | undefined => {
  if (text.length > longestDescription)
    return `description must have at most ${longestDescription} characters.`
  return /\p{Cc}|\p{Bidi_Control}/u.test(text) || !text.isWellFormed()
    ? 'description must not contain control characters.'
    : undefined
}
