// The version of the protocol that an answer speaks (OData 4.01 Protocol 8.1.5 and 8.2.7).
import { badRequest } from '#odata/errors.ts'
import type { ODataVersion } from '#odata/version.ts'

export type VersionHeaders = {
  readonly 'odata-version'?: string | undefined
  readonly 'odata-maxversion'?: string | undefined
}

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined || text === ''
    ? undefined
    : /^\d{1,2}\.\d{1,2}$/.test(text)
      ? Number(text)
      : Number.NaN

const checked = (name: string, text: string | undefined): number | undefined => {
  const version = numberOf(text)
  if (Number.isNaN(version)) throw badRequest(`${name} must be a version such as 4.0.`)
  return version
}

/**
 * The highest version that the client takes. 4.0 where it names none: clients that know 4.0 alone are many, and do not
 * all say so. One that says which version it speaks takes that one. Throws 400 for what is malformed or below 4.0.
 */
export const negotiateVersion = (headers: VersionHeaders): ODataVersion => {
  const used = checked('OData-Version', headers['odata-version'])
  if (used !== undefined && used !== 4 && used !== 4.01)
    throw badRequest('OData-Version must be 4.0 or 4.01.')
  const most = checked('OData-MaxVersion', headers['odata-maxversion']) ?? used ?? 4
  if (most < 4)
    throw badRequest('OData-MaxVersion must be at least 4.0: no older version is spoken here.')
  return most >= 4.01 ? '4.01' : '4.0'
}

/** The same for an answer that says what is wrong, and that may be the version itself. */
export const versionOfRefusal = (headers: VersionHeaders): ODataVersion => {
  try {
    return negotiateVersion(headers)
  } catch {
    return '4.0'
  }
}
