import type { PoolClient } from 'pg'
import type { Answer, Command, NamedQuery } from '../command.ts'
import { breaksConnection } from './errors.ts'

/** How long the driver waits for a statement, where that is not the connection's own bound. Milliseconds. */
export type Bounds = { readonly query_timeout?: number }

/** Runs one statement on a connection. */
export const ask = async (
  client: PoolClient,
  query: NamedQuery,
  bounds: Bounds = {},
): Promise<Answer> => {
  const text = { text: query.sql, values: query.parameters as unknown[], ...bounds }
  const result = await client.query(query.name === undefined ? text : { ...text, name: query.name })
  return { rows: result.rows as unknown[], changes: result.rowCount ?? 0 }
}

const drive = async <T>(
  client: PoolClient,
  command: () => Command<T>,
  { begun, bounds }: { readonly begun: Promise<unknown>; readonly bounds: Bounds },
): Promise<T> => {
  const steps = command()
  let step = steps.next()
  // Were the beginning refused, a statement that changes something would count by itself.
  if (step.done !== true && !/^select\b/i.test(step.value.sql)) await begun
  while (step.done !== true) step = steps.next(await ask(client, step.value, bounds))
  return step.value
}

/** Undoes a transaction; a connection that cannot even do that is not used again. */
const undo = async (client: PoolClient, error: unknown): Promise<boolean> => {
  if (breaksConnection(error)) return false
  try {
    await client.query('rollback')
    return true
  } catch {
    return false
  }
}

/**
 * Runs a command in a transaction on a connection of the pool, and gives the connection back. A first statement that
 * only reads goes out with the beginning, without waiting for it.
 */
export const inTransaction = async <T>(
  connect: () => Promise<PoolClient>,
  begin: string,
  command: () => Command<T>,
  bounds: Bounds = {},
): Promise<T> => {
  const client = await connect()
  try {
    const begun = client.query(begin)
    // What it says is heard below; until then nobody listens.
    begun.catch(() => undefined)
    let value: T
    try {
      value = await drive(client, command, { begun, bounds })
    } catch (error) {
      // A connection that was dead before anything began says so here.
      await begun
      throw error
    }
    await begun
    await client.query('commit')
    client.release()
    return value
  } catch (error) {
    client.release(!(await undo(client, error)))
    throw error
  }
}
