import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { ColumnTypes } from './types.ts'

/** Upstream accounts: profiles, their tokens and history, connections under way, secret options, data keys after the first. */
// biome-ignore format: one table a paragraph, one column a line reads best as it stands
export const upstream = ({ integer, bytes, engine }: ColumnTypes): Migration => {
  const withId = (table: ReturnType<Kysely<never>['schema']['createTable']>) =>
    engine === 'sqlite'
      ? table.addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
      : table.addColumn('id', 'bigint', (c) => c.primaryKey().generatedByDefaultAsIdentity())

  const profiles = async (db: Kysely<never>) => {
    await withId(db.schema.createTable('oauth_profiles'))
      .addColumn('owner_id', integer, (c) => c.notNull().references('users.id').onDelete('cascade'))
      .addColumn('tenant_id', integer, (c) => c.notNull().references('tenants.id'))
      .addColumn('application_id', integer, (c) => c.notNull().references('oauth_applications.id').onDelete('cascade'))
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('name_key', 'text', (c) => c.notNull())
      .addColumn('description', 'text', (c) => c.notNull())
      .addColumn('created_at', integer, (c) => c.notNull())
      .addUniqueConstraint('oauth_profiles_name', ['owner_id', 'name_key'])
      .execute()
    await db.schema.createIndex('oauth_profiles_application').on('oauth_profiles').column('application_id').execute()
    await db.schema.createIndex('oauth_profiles_tenant').on('oauth_profiles').column('tenant_id').execute()
    await db.schema.alterTable('data_sources')
      .addColumn('oauth_profile_id', integer, (c) => c.references('oauth_profiles.id').onDelete('set null'))
      .execute()
    await db.schema.alterTable('data_sources').addColumn('secret_options', 'text').execute()
    await db.schema.createIndex('data_sources_oauth_profile').on('data_sources').column('oauth_profile_id').execute()
  }

  const tokens = async (db: Kysely<never>) => {
    await withId(db.schema.createTable('upstream_tokens'))
      .addColumn('tenant_id', integer, (c) => c.notNull().references('tenants.id').onDelete('cascade'))
      .addColumn('profile_id', integer, (c) => c.unique().references('oauth_profiles.id').onDelete('cascade'))
      .addColumn('data_source_id', integer, (c) => c.unique().references('data_sources.id').onDelete('cascade'))
      .addColumn('generation', integer, (c) => c.notNull())
      .addColumn('access_token', 'text')
      .addColumn('access_expires_at', integer)
      .addColumn('refresh_token', 'text')
      .addColumn('issued_at', integer)
      .addColumn('scope', 'text')
      .addColumn('instance_url', 'text')
      .addColumn('account', 'text')
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('state_reason', 'text')
      .addColumn('state_at', integer, (c) => c.notNull())
      .addColumn('lease_holder', 'text')
      .addColumn('lease_until', integer)
      .addColumn('failures', integer, (c) => c.notNull())
      .addColumn('retry_at', integer)
      .execute()
    await db.schema.createIndex('upstream_tokens_tenant').on('upstream_tokens').column('tenant_id').execute()
    await withId(db.schema.createTable('upstream_events'))
      .addColumn('token_id', integer, (c) => c.notNull().references('upstream_tokens.id').onDelete('cascade'))
      .addColumn('at', integer, (c) => c.notNull())
      .addColumn('cause', 'text', (c) => c.notNull())
      .addColumn('outcome', 'text', (c) => c.notNull())
      .addColumn('detail', 'text')
      .addColumn('expires_at', integer, (c) => c.notNull())
      .execute()
    await db.schema.createIndex('upstream_events_token').on('upstream_events').columns(['token_id', 'id']).execute()
    await db.schema.createIndex('upstream_events_expires_at').on('upstream_events').column('expires_at').execute()
    await db.schema.createTable('oauth_connections')
      .addColumn('link_hash', bytes, (c) => c.primaryKey())
      .addColumn('state_hash', bytes, (c) => c.unique())
      .addColumn('user_id', integer, (c) => c.notNull().references('users.id').onDelete('cascade'))
      .addColumn('tenant_id', integer, (c) => c.notNull().references('tenants.id').onDelete('cascade'))
      .addColumn('application_id', integer, (c) => c.notNull().references('oauth_applications.id').onDelete('cascade'))
      .addColumn('profile_id', integer, (c) => c.references('oauth_profiles.id').onDelete('cascade'))
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('description', 'text', (c) => c.notNull())
      .addColumn('session_hash', bytes)
      .addColumn('code_verifier', 'text')
      .addColumn('status', 'text', (c) => c.notNull())
      .addColumn('outcome', 'text')
      .addColumn('created_at', integer, (c) => c.notNull())
      .addColumn('changed_at', integer, (c) => c.notNull())
      .addColumn('expires_at', integer, (c) => c.notNull())
      .execute()
    for (const column of ['user_id', 'tenant_id', 'application_id', 'profile_id', 'expires_at'])
      await db.schema.createIndex(`oauth_connections_${column}`).on('oauth_connections').column(column).execute()
  }

  const keys = async (db: Kysely<never>) => {
    await db.schema.createTable('rotated_data_keys')
      .addColumn('tenant_id', integer, (c) => c.notNull().references('tenants.id').onDelete('cascade'))
      .addColumn('generation', integer, (c) => c.notNull())
      .addColumn('master_key_id', 'text', (c) => c.notNull())
      .addColumn('wrapped', 'text', (c) => c.notNull())
      .addColumn('created_at', integer, (c) => c.notNull())
      .addPrimaryKeyConstraint('rotated_data_keys_key', ['tenant_id', 'generation'])
      .execute()
    await withId(db.schema.createTable('key_rotations'))
      .addColumn('master_key_id', 'text', (c) => c.notNull())
      .addColumn('started_at', integer, (c) => c.notNull())
      .addColumn('finished_at', integer)
      .execute()
  }

  return {
    up: async (db: Kysely<never>) => {
      await profiles(db)
      await tokens(db)
      await keys(db)
    },
  }
}
