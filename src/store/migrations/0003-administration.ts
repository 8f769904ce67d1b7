import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { ColumnTypes } from './types.ts'

/** Administration: roles by name, data source permissions, OAuth applications, limits, configurations, password policies. */
// biome-ignore format: one table a paragraph, one column a line reads best as it stands
export const administration = ({ integer, engine }: ColumnTypes): Migration => {
  const withId = (table: ReturnType<Kysely<never>['schema']['createTable']>) =>
    engine === 'sqlite'
      ? table.addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
      : table.addColumn('id', 'bigint', (c) => c.primaryKey().generatedByDefaultAsIdentity())

  const existing = async (db: Kysely<never>) => {
    // Without a value where an older release writes the row; such rows never collide.
    await db.schema.alterTable('roles').addColumn('name_key', 'text').execute()
    await sql`update roles set name_key = lower(name)`.execute(db)
    await db.schema.createIndex('roles_name_key').unique().on('roles').columns(['tenant_id', 'name_key']).execute()
    await db.schema.createIndex('role_permissions_permission').on('role_permissions').column('permission_id').execute()
    await db.schema.createIndex('user_permissions_permission').on('user_permissions').column('permission_id').execute()
    await db.schema.createIndex('tenants_administered_tenant').on('tenants_administered').column('tenant_id').execute()
    await db.schema.createIndex('client_applications_tenant').on('client_applications').column('tenant_id').execute()
    await db.schema.createIndex('data_sources_tenant').on('data_sources').column('tenant_id').execute()
    await db.schema.alterTable('data_sources').addColumn('permissions', 'text').execute()
  }

  const added = async (db: Kysely<never>) => {
    await withId(db.schema.createTable('oauth_applications'))
      .addColumn('tenant_id', integer, (c) => c.notNull().references('tenants.id'))
      .addColumn('data_store', integer, (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('name_key', 'text', (c) => c.notNull())
      .addColumn('description', 'text', (c) => c.notNull())
      .addColumn('client_id', 'text', (c) => c.notNull())
      .addColumn('client_secret', 'text')
      .addColumn('authorize_uri', 'text', (c) => c.notNull())
      .addColumn('token_uri', 'text', (c) => c.notNull())
      .addColumn('scope', 'text', (c) => c.notNull())
      .addColumn('available_to_tenants', integer, (c) => c.notNull())
      .addColumn('revision', integer, (c) => c.notNull())
      .addColumn('created_at', integer, (c) => c.notNull())
      .addUniqueConstraint('oauth_applications_name', ['tenant_id', 'data_store', 'name_key'])
      .execute()
    await db.schema.createTable('limit_values')
      .addColumn('level', 'text', (c) => c.notNull())
      .addColumn('subject_id', integer, (c) => c.notNull())
      .addColumn('limit_id', integer, (c) => c.notNull())
      .addColumn('value', 'text', (c) => c.notNull())
      .addColumn('tenant_id', integer, (c) => c.references('tenants.id').onDelete('cascade'))
      .addColumn('user_id', integer, (c) => c.references('users.id').onDelete('cascade'))
      .addColumn('data_source_id', integer, (c) => c.references('data_sources.id').onDelete('cascade'))
      .addPrimaryKeyConstraint('limit_values_key', ['level', 'subject_id', 'limit_id'])
      .execute()
    for (const column of ['tenant_id', 'user_id', 'data_source_id'])
      await db.schema.createIndex(`limit_values_${column}`).on('limit_values').column(column).execute()
    await db.schema.createTable('configurations')
      .addColumn('id', integer, (c) => c.primaryKey())
      .addColumn('value', 'text')
      .execute()
    await db.schema.createTable('password_policies')
      .addColumn('id', integer, (c) => c.primaryKey())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('description', 'text', (c) => c.notNull())
      .addColumn('rules', 'text', (c) => c.notNull())
      .addColumn('expiration_days', integer, (c) => c.notNull())
      .execute()
  }

  return {
    up: async (db: Kysely<never>) => {
      await existing(db)
      await added(db)
    },
  }
}
