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

/** Of a cluster that many servers of tests start on: a database that is migrated and has nothing in it. */
export const migrated = 'headgate_migrated'

/** Creates a database beside the one that the URL names, empty or as another one is; answers its URL. */
export const createDatabase = async (admin: string, template = 'template1'): Promise<string> => {
  const name = `t_${randomBytes(6).toString('hex')}`
  await runOn(admin, `create database ${name} template ${template}`)
  const url = new URL(admin)
  url.pathname = `/${name}`
  return url.href
}
