import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestApp } from '#test/support/app.ts'
import {
  createPerson,
  createRole,
  createTenant,
  type KnownPerson,
  type PersonFields,
} from '#test/support/tenants.ts'
import {
  callers,
  type CallerKind,
  type Column,
  columns,
  ordinaryPermissions,
  type TenantKey,
} from './callers.ts'
import {
  addApplication,
  addConsent,
  addDataSource,
  addOAuthApplication,
  addOAuthProfile,
  unique,
} from './things.ts'

/** An id that nothing has. As long as ids can be, so that no test run reaches it. */
export const absentId = 999_999_999_999_999
export const absentName = 'nobody-has-this-name'

/** What a tenant has: the same in each, with equal names wherever names need not be unique. */
export type Estate = {
  readonly tenantId: number
  readonly tenantName: string
  /** In every text of this tenant that is not needed to be equal. */
  readonly canary: string
  /** A role of ordinary permissions, and one of none. */
  readonly readers: number
  readonly empty: number
  /** Holds ordinary permissions, and owns one of everything. */
  readonly plain: KnownPerson
  /** Holds Administrator (12). */
  readonly strong: KnownPerson
  /** Like `plain`, but disabled. */
  readonly off: KnownPerson
  readonly application: number
  readonly source: number
  readonly upstream: number
  /** An account of `plain` through `upstream`, which a data source uses. */
  readonly profile: number
}

export type Caller = KnownPerson & { readonly kind: CallerKind }

export type World = {
  readonly app: TestApp
  readonly estates: Readonly<Record<TenantKey, Estate>>
  readonly callers: Readonly<Record<Column, Caller>>
}

export const sourceName = 'same-source'
const tenants = ['S', 'A', 'B'] as const

/** A data file of a tenant, whose one row is its canary. */
const createFile = (app: TestApp, tenantId: number, canary: string): void => {
  const directory = join(app.dataDir, 'files', String(tenantId))
  mkdirSync(directory, { recursive: true })
  const database = new DatabaseSync(join(directory, 'same.db'))
  database.exec(`CREATE TABLE Item (id INTEGER PRIMARY KEY, name VARCHAR(80));
    INSERT INTO Item VALUES (1, '${canary} row')`)
  database.close()
}

type Growing = { -readonly [K in keyof Estate]?: Estate[K] } & { tenantId: number; canary: string }

/** One step of all tenants after the other, so that the ids of things lie between each other. */
const inEach = async (
  estates: Readonly<Record<TenantKey, Growing>>,
  step: (estate: Growing, key: TenantKey) => Promise<void>,
): Promise<void> => {
  for (const key of tenants) await step(estates[key], key)
}

const createEstates = async (app: TestApp): Promise<World['estates']> => {
  const child = async (key: string): Promise<Growing> => {
    const canary = `canary${key}${unique()}`
    const tenantName = `Tenant ${canary}`
    const tenantId = await createTenant(app, tenantName, { description: `${canary} description` })
    return { tenantId, tenantName, canary }
  }
  const estates = {
    S: { tenantId: 1, tenantName: 'System', canary: `canaryS${unique()}` } as Growing,
    A: await child('A'),
    B: await child('B'),
  }
  await inEach(estates, async (estate) => {
    const { tenantId, canary } = estate
    createFile(app, tenantId, canary)
    const permissions = ordinaryPermissions
    estate.readers = await createRole(app, { tenantId, name: 'Readers', permissions })
  })
  await inEach(estates, async (estate) => {
    estate.empty = await createRole(app, { tenantId: estate.tenantId, name: 'Empty' })
  })
  const person = (estate: Growing, name: string, more: Partial<PersonFields>) =>
    createPerson(app, { name: `${name}-${estate.canary}`, tenantId: estate.tenantId, ...more })
  await inEach(estates, async (estate) => {
    estate.plain = await person(estate, 'plain', { roles: [estate.readers ?? 0] })
  })
  await inEach(estates, async (estate) => {
    estate.strong = await person(estate, 'strong', {
      roles: [estate.empty ?? 0],
      permissions: [12],
    })
    estate.off = await person(estate, 'off', { roles: [estate.readers ?? 0], status: 0 })
  })
  await inEach(estates, async (estate) => {
    const { canary, plain } = estate
    if (plain === undefined) throw new Error('people come first')
    estate.application = await addApplication(app, plain, { name: 'Same', text: canary })
    estate.source = await addDataSource(app, plain, { name: sourceName, text: canary })
    estate.upstream = await addOAuthApplication(app, estate.tenantId, {
      name: 'Same upstream',
      text: canary,
    })
    const texts = { name: 'Same profile', text: canary }
    estate.profile = await addOAuthProfile(app, plain, estate.upstream, texts)
    await addDataSource(app, plain, { name: 'linked', text: canary, profile: estate.profile })
    await addConsent(app, plain.id, estate.application)
  })
  return estates as World['estates']
}

/** Three tenants with equal things, and a caller of every kind. */
export const createWorld = async (app: TestApp): Promise<World> => {
  const estates = await createEstates(app)
  const made = {} as Record<Column, Caller>
  for (const kind of callers) {
    const estate = estates[kind.tenant]
    const person = await createPerson(app, {
      name: `caller-${kind.column}-${estate.canary}`,
      tenantId: estate.tenantId,
      roles: [estate.empty],
      permissions: kind.permissions,
      administers: kind.administers.map((key) => estates[key].tenantId),
      status: 'disabled' in kind ? 0 : 1,
    })
    made[kind.column] = { ...person, kind }
  }
  return { app, estates, callers: made }
}

export const callersOf = (world: World): readonly Caller[] =>
  columns.map((column) => world.callers[column])

/** A new user of a tenant, with ordinary permissions unless told otherwise. */
export const freshUser = (
  { app, estates }: World,
  key: TenantKey,
  more: Partial<PersonFields> = {},
): Promise<KnownPerson> =>
  createPerson(app, {
    name: `fresh-${unique()}`,
    tenantId: estates[key].tenantId,
    roles: [estates[key].readers],
    ...more,
  })
