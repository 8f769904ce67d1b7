import type { Generated } from 'kysely'
import type {
  OAuthConnectionRow,
  OAuthProfileRow,
  UpstreamEventRow,
  UpstreamTokenRow,
} from './schema-upstream.ts'

// The system database, table by table. Times are milliseconds since 1970 (UTC), hashes are keyed HMACs,
// names ending in _key are the normalised form that is compared. docs/storage.md says what is hashed,
// sealed or clear, and why.

/** JSON text in one column; its shape is checked by the feature that owns the table. */
export type JsonText = string
/** 0 or 1, on both engines. */
export type Flag = number

export type TenantRow = {
  id: Generated<number>
  name: string
  name_key: string
  description: string
  status: Flag
  created_at: number
}

export type PermissionRow = { id: number; name: string; category: string }
export type RoleRow = {
  id: Generated<number>
  tenant_id: number
  name: string
  /** Null in rows of a release that did not know it. */
  name_key: string | null
  description: string
}
export type RolePermissionRow = { role_id: number; permission_id: number }

export type UserRow = {
  id: Generated<number>
  tenant_id: number
  user_name: string
  user_name_key: string
  status: Flag
  password_hash: string | null
  /** Grows with each change; part of the key under which a verified password may be remembered. */
  password_version: number
  password_status: number
  password_expires_at: number | null
  created_at: number
}

export type UserRoleRow = { user_id: number; role_id: number }
export type UserPermissionRow = { user_id: number; permission_id: number }
export type TenantAdministeredRow = { user_id: number; tenant_id: number }

/** One row per subject (a user id, or the keyed hash of an unknown name) with failed passwords. */
export type LoginFailureRow = {
  subject: string
  failures: number
  window_ends_at: number
  locked_at: number | null
  locked_until: number | null
  expires_at: number
}

export type SessionRow = {
  session_hash: Uint8Array
  user_id: number
  created_at: number
  renewed_at: number
  /** However busy it is, a session ends here. */
  ends_at: number
  expires_at: number
}

export type ClientApplicationRow = {
  id: Generated<number>
  owner_id: number
  tenant_id: number
  client_id: string
  client_type: 'confidential' | 'public'
  name: string
  description: string
  redirect_uris: JsonText
  grant_types: JsonText
  /** Ids of the owner's data sources that the client-credentials grant reads. */
  data_sources: JsonText
  rotate_refresh_tokens: Flag
  enabled: Flag
  available_to_tenants: Flag
  /** Grows with each change of what a user consents to (name, redirect URIs). */
  revision: number
  created_at: number
  last_used_at: number | null
}

export type ClientSecretRow = {
  id: Generated<number>
  application_id: number
  secret_hash: Uint8Array
  /** Only with HEADGATE_HDP=show-secrets. */
  sealed: string | null
  created_at: number
  expires_at: number | null
}

/** A request at the authorization endpoint that waits for sign-in or decision. */
export type AuthorizationRequestRow = {
  request_hash: Uint8Array
  /** The browser that began it: a cookie of its own, so that nobody else can continue (T13). */
  browser_hash: Uint8Array
  application_id: number
  request: JsonText
  expires_at: number
}

export type ConsentRow = {
  id: Generated<number>
  user_id: number
  application_id: number
  scope: string
  selection: JsonText
  redirect_host: string
  application_revision: number
  created_at: number
  last_used_at: number | null
}

/** One authorization: the code and every token that came of it. Deleting it ends them all. */
export type ChainRow = {
  id: Generated<number>
  consent_id: number
  grant_type: string
  scope: string
  /** What was chosen then; a newer consent never widens it. */
  selection: JsonText
  redirect_uri: string | null
  /** Counts refresh rotations; never a clock (T29). */
  generation: number
  created_at: number
  expires_at: number
}

export type CodeRow = {
  code_hash: Uint8Array
  chain_id: number
  redirect_uri: string
  code_challenge: string | null
  redeemed_at: number | null
  /** Redeemable until then; the row itself stays as a tombstone as long as its chain. */
  valid_until: number
}

export type AccessTokenRow = {
  token_hash: Uint8Array
  chain_id: number
  created_at: number
  expires_at: number
}

export type RefreshTokenRow = {
  token_hash: Uint8Array
  chain_id: number
  generation: number
  rotated_at: number | null
  /** The answer of its rotation, sealed under a key that only its presenter can derive. */
  replay: string | null
  created_at: number
  expires_at: number
}

export type DataSourceRow = {
  id: Generated<number>
  owner_id: number
  tenant_id: number
  name: string
  name_key: string
  data_store: number
  connection_type: string
  description: string | null
  options: JsonText
  /** Ids of the permissions set on it, which then count alone; null: those of its owner count. */
  permissions: JsonText | null
  /** The OAuth profile that it reads with; HDP's option of that name. */
  oauth_profile_id: number | null
  /** Options that are secrets, by name: one sealed JSON object; null where there is none. */
  secret_options: string | null
  revision: number
  /** How many times a new model was asked for; each node builds one for the last of them. */
  model_demand: Generated<number>
  created_at: number
}

/** Our registration at an upstream: whom its users authorize, and where. */
export type OAuthApplicationRow = {
  id: Generated<number>
  tenant_id: number
  data_store: number
  name: string
  name_key: string
  description: string
  client_id: string
  /** Sealed; null where there is none. */
  client_secret: string | null
  authorize_uri: string
  token_uri: string
  scope: string
  /** One of the system tenant may be used in every tenant. */
  available_to_tenants: Flag
  revision: number
  created_at: number
}

/** A limit that was set. `subject_id` is 0 for the system, else the id that one of the last three columns has, too. */
export type LimitValueRow = {
  level: 'system' | 'tenant' | 'user' | 'data-source'
  subject_id: number
  limit_id: number
  /** Decimal digits: some values are larger than a number can hold. */
  value: string
  tenant_id: number | null
  user_id: number | null
  data_source_id: number | null
}

export type ConfigurationRow = { id: number; value: string | null }
export type PasswordPolicyRow = {
  id: number
  name: string
  description: string
  rules: JsonText
  expiration_days: number
}

/** Data keys of the vault, wrapped by a master key. */
export type DataKeyRow = {
  id: Generated<number>
  tenant_id: number
  master_key_id: string
  wrapped: string
  created_at: number
}
/** Data keys that came after a tenant's first one, which is in `data_keys`; the highest generation seals. */
export type RotatedDataKeyRow = {
  tenant_id: number
  generation: number
  master_key_id: string
  wrapped: string
  created_at: number
}
/** A run of `keys rotate`, unfinished or done. */
export type KeyRotationRow = {
  id: Generated<number>
  master_key_id: string
  started_at: number
  finished_at: number | null
}
/** A fingerprint of each key ever used, so that a wrong one stops the start. */
export type KeyCheckRow = { kind: string; key_id: string; fingerprint: string }

/** What the schema says of itself; `oldest-compatible` names the migration that a release must know to run here. */
export type SchemaFactRow = { name: string; value: string }

export type Schema = {
  tenants: TenantRow
  permissions: PermissionRow
  roles: RoleRow
  role_permissions: RolePermissionRow
  users: UserRow
  user_roles: UserRoleRow
  user_permissions: UserPermissionRow
  tenants_administered: TenantAdministeredRow
  login_failures: LoginFailureRow
  sessions: SessionRow
  client_applications: ClientApplicationRow
  client_secrets: ClientSecretRow
  authorization_requests: AuthorizationRequestRow
  consents: ConsentRow
  chains: ChainRow
  codes: CodeRow
  access_tokens: AccessTokenRow
  refresh_tokens: RefreshTokenRow
  data_sources: DataSourceRow
  oauth_applications: OAuthApplicationRow
  oauth_profiles: OAuthProfileRow
  upstream_tokens: UpstreamTokenRow
  upstream_events: UpstreamEventRow
  oauth_connections: OAuthConnectionRow
  limit_values: LimitValueRow
  configurations: ConfigurationRow
  password_policies: PasswordPolicyRow
  data_keys: DataKeyRow
  rotated_data_keys: RotatedDataKeyRow
  key_rotations: KeyRotationRow
  key_checks: KeyCheckRow
  schema_facts: SchemaFactRow
}

/** Tables whose rows expire, each by its one column `expires_at`; the sweeper drains them all. */
export const expiringTables = [
  'login_failures',
  'sessions',
  'authorization_requests',
  'access_tokens',
  'refresh_tokens',
  'chains',
  'client_secrets',
  'upstream_events',
  'oauth_connections',
] as const satisfies readonly (keyof Schema)[]
