import { createGate } from '#lib/gate.ts'
import type { PoolClient } from 'pg'
import { translate } from './errors.ts'

/** So many may wait under one key on this node, before they are told to come back. */
const mostWaiting = 20

const claim = async (client: PoolClient, key: string): Promise<void> => {
  await client.query('begin')
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [key])
}

/**
 * One piece of work at a time under a key, on all nodes: an advisory lock, held by a transaction that writes nothing, on
 * connections of their own, so that those who wait take none from those who work. When the node dies or its
 * connection breaks, PostgreSQL lets go by itself.
 */
export const createExclusive = (connect: () => Promise<PoolClient>) => {
  const gate = createGate(mostWaiting)
  const work = async <T>(key: string, inner: () => Promise<T>): Promise<T> => {
    const client = await connect()
    let broken = true
    const letGo = async (): Promise<void> => {
      // Whoever cannot let go has lost the claim in the meantime, and another may have had it.
      await client.query('commit')
      broken = false
    }
    try {
      await claim(client, key)
      const result = await inner().catch(async (error: unknown) => {
        await letGo()
        throw error
      })
      await letGo()
      return result
    } catch (error) {
      throw translate(error)
    } finally {
      client.release(broken)
    }
  }
  return <T>(key: string, inner: () => Promise<T>): Promise<T> => gate(key, () => work(key, inner))
}
