import type { Schema } from '../schema.ts'

/** Every table that is moved, each after those that its rows refer to. */
export const movedTables = [
  'tenants',
  'permissions',
  'roles',
  'role_permissions',
  'users',
  'user_roles',
  'user_permissions',
  'tenants_administered',
  'login_failures',
  'sessions',
  'client_applications',
  'client_secrets',
  'authorization_requests',
  'consents',
  'chains',
  'codes',
  'access_tokens',
  'refresh_tokens',
  'oauth_applications',
  'oauth_profiles',
  'data_sources',
  'upstream_tokens',
  'upstream_events',
  'oauth_connections',
  'limit_values',
  'configurations',
  'password_policies',
  'data_keys',
  'rotated_data_keys',
  'key_rotations',
  'key_checks',
] as const satisfies readonly (keyof Schema)[]

export type MovedTable = (typeof movedTables)[number]

/** `schema_facts` tells of the schema that it lies in; the migrations of the target have written it. */
type Left = 'schema_facts'

/** Does not compile while a table is neither moved nor left. */
export const allTablesAreNamed: [Exclude<keyof Schema, MovedTable | Left>] extends [never]
  ? true
  : never = true

/** The table after this one; undefined after the last. */
export const tableAfter = (table: MovedTable): MovedTable | undefined =>
  movedTables[movedTables.indexOf(table) + 1]
