/** The versions of the protocol that are spoken (OData 4.01 Protocol 8.1.5). */
export type ODataVersion = '4.0' | '4.01'

/** What control information begins with: 4.01 drops the prefix that readers of 4.0 insist on (JSON Format 4.5). */
export const controlPrefix = (version: ODataVersion): string =>
  version === '4.0' ? '@odata.' : '@'
