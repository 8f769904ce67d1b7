import type { Generated } from 'kysely'

// The tables of upstream accounts; a part of schema.ts, whose head tells what the columns have in common.

/** An account of a user at an upstream, reached through an OAuth application. */
export type OAuthProfileRow = {
  id: Generated<number>
  owner_id: number
  tenant_id: number
  application_id: number
  name: string
  name_key: string
  description: string
  created_at: number
}

/** What an upstream gave us, of a profile or of a data source that names its own parameters: one of the two. */
export type UpstreamTokenRow = {
  id: Generated<number>
  tenant_id: number
  profile_id: number | null
  data_source_id: number | null
  /** Grows with each change of the tokens, which are sealed for it. */
  generation: number
  access_token: string | null
  /** Null where the upstream did not say. */
  access_expires_at: number | null
  refresh_token: string | null
  issued_at: number | null
  scope: string | null
  instance_url: string | null
  /** Whose it is, in the upstream's words; null where it does not say. */
  account: string | null
  state: 'ready' | 'reconnect'
  state_reason: string | null
  state_at: number
  /** Who refreshes right now, in the whole fleet, and until when that is believed. */
  lease_holder: string | null
  lease_until: number | null
  /** Failed refreshes in a row, and when the next one is tried. */
  failures: number
  retry_at: number | null
}

/** What happened to the tokens of a profile or data source; never a token. */
export type UpstreamEventRow = {
  id: Generated<number>
  token_id: number
  at: number
  cause: string
  outcome: string
  detail: string | null
  expires_at: number
}

/** A user's way to an upstream's consent page and back. */
export type OAuthConnectionRow = {
  link_hash: Uint8Array
  state_hash: Uint8Array | null
  user_id: number
  tenant_id: number
  application_id: number
  /** The profile that is connected again; null for a new one. */
  profile_id: number | null
  name: string
  description: string
  /** The browser session that went there, and alone may come back. */
  session_hash: Uint8Array | null
  code_verifier: string | null
  status: 'open' | 'begun' | 'exchanging' | 'connected' | 'failed'
  outcome: string | null
  created_at: number
  /** When it got its status. */
  changed_at: number
  expires_at: number
}
