import { createHmac } from 'node:crypto'
import type { IssuedTokens } from '#oauth/model.ts'
import { deriveKey, type Key } from '#vault/keys.ts'
import { open, seal } from '#vault/sealing.ts'

const context = 'refresh-replay'

/**
 * Keeps the answer of a rotation for a client that did not get it (DESIGN invariant 10), sealed under a key
 * that is derived from the presented token and the pepper: the database alone cannot open it.
 */
export const createReplays = (pepper: Key) => {
  const root = deriveKey(pepper, context)
  const keyOf = (presented: string): Uint8Array =>
    createHmac('sha256', root).update(presented, 'utf8').digest()
  return {
    seal: (presented: string, tokens: IssuedTokens): string =>
      seal(keyOf(presented), JSON.stringify(tokens), context),
    open: (presented: string, sealed: string): IssuedTokens | undefined => {
      const text = open(keyOf(presented), sealed, context)
      return text === undefined ? undefined : (JSON.parse(text) as IssuedTokens)
    },
  }
}

export type Replays = ReturnType<typeof createReplays>
