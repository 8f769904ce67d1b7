import type { ClientBase } from 'pg'

/** Whether a database has a table of that name, where the search path leads. */
export const hasTable = async (client: ClientBase, name: string): Promise<boolean> => {
  const { rows } = await client.query<{ found: boolean }>(
    'select to_regclass($1) is not null as found',
    [name],
  )
  return rows[0]?.found === true
}
