// ETags and 304 (RFC 9110 section 13; OData 4.01 Protocol 8.2.5, 8.3.1).
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { createBoundedMap } from '#lib/bounded-map.ts'
import type { ODataVersion } from '#odata/version.ts'
import { splitList } from './header-list.ts'
import { isStream, type ODataAnswer } from './service-answer.ts'

/** What of a request decides how its answer looks, so that one kept for another request is not taken for it. */
const varies = 'Accept, Authorization, OData-MaxVersion, OData-Version, Prefer, ddcloud-timezone'

type How = { readonly version: ODataVersion; readonly timeZone: string | undefined }

/** A short name of the form of an answer: one of few, so that it is counted once. */
const formOf = (form: string): string =>
  forms.get(form) ?? forms.set(form, crc32(form).toString(36))
const forms = createBoundedMap<string>(100)

/**
 * Weak: it vouches for what an answer says and not for its bytes, since a next link is sealed anew each time. Nor is it
 * the version of an entity, which is why no body carries it.
 */
const etagOf = (text: string, contentType: string, { version, timeZone = '' }: How): string =>
  // The body by itself: hashing turns it into one flat text, which sending it needs as well.
  `W/"${hash('sha256', text, 'base64url').slice(0, 27)}${formOf(`${version} ${contentType} ${timeZone}`)}"`

const textOf = (body: string | Uint8Array): string =>
  typeof body === 'string' ? body : Buffer.from(body).toString('base64')

/** The weak comparison of RFC 9110 section 8.8.3.2. */
const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean => {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  const opaque = etag.slice(2)
  return splitList(ifNoneMatch, ',').some((known) => known.replace(/^W\//, '') === opaque)
}

/**
 * Adds the version, and to an answer whose body is one text the ETag; an answer that the client has already becomes a
 * 304. It may be kept, but never used unasked: whoever has lost access is not told that nothing has changed.
 */
export const finishAnswer = (
  answer: ODataAnswer,
  ifNoneMatch: string | undefined,
  how: How,
): ODataAnswer => {
  const { status, headers, body, identity } = answer
  const { version } = how
  if (status !== 200 || isStream(body))
    return { ...answer, headers: { ...headers, 'OData-Version': version } }
  const etag = etagOf(identity ?? textOf(body), headers['Content-Type'] ?? '', how)
  const all = {
    ...headers,
    'OData-Version': version,
    ETag: etag,
    'Cache-Control': 'private, no-cache',
    Vary: varies,
  }
  if (!isKnown(ifNoneMatch, etag)) return { status, headers: all, body }
  const { 'Content-Type': _none, ...kept } = all as Record<string, string>
  return { status: 304, headers: kept, body: '' }
}
