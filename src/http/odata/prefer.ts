// What a client would like (RFC 7240; OData 4.01 Protocol 8.2.8). Wishes are granted or not, and never refused.
import { parameterOf, splitList } from './header-list.ts'

export type Preferences = {
  /** Rows of a page, at least 1. */
  readonly maxPageSize: number | undefined
  readonly continueOnError: boolean
  /** The preferences as the client calls them, with or without the prefix `odata.` */
  readonly spelled: ReadonlyMap<string, string>
}

const none: Preferences = { maxPageSize: undefined, continueOnError: false, spelled: new Map() }

/**
 * Parses the header, its repetitions joined by commas. The first of several equal preferences counts (RFC 7240
 * section 2), names in any case, `odata.` before them or not; what is not understood is as if it were not there.
 */
export const parsePrefer = (prefer: string | undefined): Preferences => {
  if (prefer === undefined || prefer === '') return none
  const values = new Map<string, string>()
  const spelled = new Map<string, string>()
  for (const preference of splitList(prefer, ',')) {
    // Parameters of a preference follow behind a semicolon; OData has none that concern reading.
    const [first = ''] = splitList(preference, ';')
    const [given, value] = parameterOf(first)
    const name = given.replace(/^odata\./, '')
    if (name === '' || values.has(name)) continue
    values.set(name, value)
    spelled.set(name, given)
  }
  const size = values.get('maxpagesize') ?? ''
  const maxPageSize = /^\d{1,9}$/.test(size) && Number(size) > 0 ? Number(size) : undefined
  const goOn = values.get('continue-on-error')?.toLowerCase()
  return { maxPageSize, continueOnError: goOn === '' || goOn === 'true', spelled }
}

/** OData 4.01 Protocol 8.3.4: says which wish was granted, and how far, in the words of the client. */
export const preferenceApplied = (
  { spelled }: Preferences,
  name: string,
  value?: number,
): Readonly<Record<string, string>> => ({
  'Preference-Applied': `${spelled.get(name) ?? name}${value === undefined ? '' : `=${value}`}`,
})
