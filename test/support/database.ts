import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** Runs statements on a connection of its own; answers the rows of the last one. */
export const runOn = async (
  url: string,
  statement: string,
): Promise<readonly Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const result: unknown = await client.query(statement)
    const last = (Array.isArray(result) ? result.at(-1) : result) as {
      rows: Record<string, unknown>[]
    }
    return last.rows
  } finally {
    await client.end()
  }
}

/** Creates an empty database beside the one that the URL names; answers its URL. */
export const createDatabase = async (admin: string): Promise<string> => {
  const name = `t_${randomBytes(6).toString('hex')}`
  await runOn(admin, `create database ${name}`)
  const url = new URL(admin)
  url.pathname = `/${name}`
  return url.href
}
