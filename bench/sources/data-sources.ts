// Data sources of the user `demo` that the bench makes, and what is asked of them.
import { passwords } from '../headgate.ts'

/** Rows of a page: HDP's largest. */
export const pageRows = 10_000

const authorization = `Basic ${Buffer.from(`demo:${passwords.demo}`).toString('base64')}`

/** Creates a data source with the largest pages; answers the path of its service. */
export const createSource = async (
  url: string,
  name: string,
  what: { readonly dataStore: number; readonly options: Readonly<Record<string, string>> },
): Promise<string> => {
  const { dataStore, options } = what
  const response = await fetch(`${url}/api/mgmt/datasources`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      name,
      dataStore,
      connectionType: 'Cloud',
      options: { ...options, ODataPageSize: String(pageRows) },
    }),
  })
  if (response.status !== 201)
    throw new Error(`data source ${name}: ${response.status} ${await response.text()}`)
  return `/api/odata4/${name}`
}

/** A file of the tenant's directory as a data source. */
export const sqliteSource = (file: string) => ({ dataStore: 5001, options: { Database: file } })

/** A folder of the tenant's directory as a data source. */
export const filesSource = (folder: string) => ({ dataStore: 5004, options: { Folder: folder } })

/** A database of the bench's own PostgreSQL as a data source. */
export const postgresSource = (address: string) => {
  const { hostname, port, pathname, username, password } = new URL(address)
  return {
    dataStore: 5002,
    options: {
      Host: hostname,
      Port: port,
      Database: pathname.slice(1),
      User: username,
      Password: password,
      SSL: 'disable',
    },
  }
}

export type Page = { readonly rows: readonly unknown[]; readonly next: string | undefined }

/** One page, and where the next one is. */
export const readPage = async (url: string, token: string | undefined): Promise<Page> => {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const response = await fetch(url, { headers })
  if (response.status !== 200)
    throw new Error(`${url} answered ${response.status} ${await response.text()}`)
  const body = (await response.json()) as { value?: unknown[]; '@odata.nextLink'?: string }
  // An entity, where it is no collection; its context is none of its members.
  const entity = Object.entries(body).filter(([name]) => !name.startsWith('@'))
  return { rows: body.value ?? [Object.fromEntries(entity)], next: body['@odata.nextLink'] }
}

/** The addresses of all pages of a collection, the first one's and those of the links. */
export const findPages = async (url: string, token: string): Promise<readonly string[]> => {
  const found: string[] = []
  for (let next: string | undefined = url; next !== undefined; ) {
    found.push(next)
    ;({ next } = await readPage(next, token))
  }
  return found
}
