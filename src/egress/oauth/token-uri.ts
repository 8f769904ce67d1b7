/**
 * The URL of a token URI. The Autonomous REST Connector writes the method before it (`POST https://…`; data access reference B.4), and
 * means GET where there is none; here tokens are asked for by POST, always (RFC 6749 section 3.2).
 */
export const tokenUrl = (tokenUri: string): string => tokenUri.replace(/^POST +/, '')
