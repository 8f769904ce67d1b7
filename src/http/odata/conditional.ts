// ETags and 304 (RFC 9110 section 13; OData 4.01 Protocol 8.2.5, 8.3.1).
import { hash } from 'node:crypto'
import type { ODataVersion } from '#odata/version.ts'
import { splitList } from './header-list.ts'
import type { ODataAnswer } from './service-answer.ts'

/** What of a request decides how its answer looks, so that one kept for another request is not taken for it. */
const varies = 'Accept, Authorization, OData-MaxVersion, OData-Version, Prefer, ddcloud-timezone'

type How = { readonly version: ODataVersion; readonly timeZone: string | undefined }

/**
 * Weak: it vouches for what an answer says and not for its bytes, since a next link is sealed anew each time. Nor is it
 * the version of an entity, which is why no body carries it.
 */
const etagOf = (text: string, contentType: string, { version, timeZone = '' }: How): string =>
  `W/"${hash('sha256', `${version} ${contentType} ${timeZone}\n${text}`, 'base64url').slice(0, 27)}"`

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
  if (status !== 200 || typeof body !== 'string')
    return { ...answer, headers: { ...headers, 'OData-Version': version } }
  const etag = etagOf(identity ?? body, headers['Content-Type'] ?? '', how)
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
