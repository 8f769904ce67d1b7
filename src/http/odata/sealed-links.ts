// What an answer says, whatever the seals of its links look like today: each link is sealed anew, and two answers that
// differ in nothing else are the same (RFC 9110 section 8.8.1, weak validators).

export type SealedLinks = {
  /** Notes a token and what it holds, in the order in which the body has them. */
  readonly add: (token: string, text: string) => void
  /** The body with what the tokens hold instead of them; `undefined` where it has none, so that it speaks for itself. */
  readonly identityOf: (body: string) => string | undefined
  /** Notes no more: a body that is a stream has no identity, and any number of links. */
  readonly forget: () => void
}

export const createSealedLinks = (): SealedLinks => {
  let links: { readonly token: string; readonly text: string }[] | undefined = []
  return {
    add: (token, text) => void links?.push({ token, text }),
    identityOf: (body) => {
      if (links === undefined || links.length === 0) return undefined
      let told = ''
      let from = 0
      for (const { token, text } of links) {
        const at = body.indexOf(token, from)
        // A token that is not found there leaves its place as it is: the answer then differs from all others.
        if (at === -1) continue
        told += body.slice(from, at) + text
        from = at + token.length
      }
      return told + body.slice(from)
    },
    forget: () => {
      links = undefined
    },
  }
}
