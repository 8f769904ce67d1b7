import type { Load } from './compare.ts'

/** So many reads and so many token requests are under way at once. */
export const readers = 16
export const posters = 32

type Reading = {
  readonly paths: readonly string[]
  readonly tokens?: readonly string[]
  readonly connections?: number
}

/** Reads of the paths in turn, with the tokens in turn. @param ports the nodes of one server */
export const reading = (
  ports: readonly number[],
  { paths, tokens = [], connections = readers }: Reading,
): Load => ({
  ports,
  method: 'GET',
  headers: {},
  paths,
  tokens,
  bodies: [],
  rotating: false,
  connections,
})

type Posting = {
  readonly bodies: readonly string[]
  /** The token endpoint unless given. */
  readonly path?: string
  /** Whether each answer brings the refresh token of the next request. */
  readonly rotating?: boolean
}

/** Posts of the forms in turn. @param ports the nodes of one server */
export const posting = (
  ports: readonly number[],
  { bodies, path = '/oauth2/token', rotating = false }: Posting,
): Load => ({
  ports,
  method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  paths: [path],
  tokens: [],
  bodies,
  rotating,
  connections: posters,
})
