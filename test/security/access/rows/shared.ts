import { run } from '#store/command.ts'
import { createTenant } from '#test/support/tenants.ts'
import type { TenantKey } from '../callers.ts'
import { unique } from '../things.ts'
import type { Case } from '../table.ts'
import { absentId, absentName, type Caller, freshUser, type World } from '../world.ts'

// Cases and tables that several nouns have in common.

export const tenantKeys = ['S', 'A', 'B'] as const

/** `?tenantId=` and `?tenantName=`, alone and together (management reference 6, OAuth reference E.5). */
export const filters: Readonly<Record<string, Case>> = {
  all: () => ({}),
  ...Object.fromEntries(
    tenantKeys.flatMap((key): [string, Case][] => [
      [`id=${key}`, ({ estates }) => ({ query: { tenantId: estates[key].tenantId } })],
      [
        `name=${key}`,
        ({ estates }) => ({ query: { tenantName: estates[key].tenantName.toUpperCase() } }),
      ],
    ]),
  ),
  'id=absent': () => ({ query: { tenantId: absentId } }),
  'name=absent': () => ({ query: { tenantName: absentName } }),
  both: ({ estates: { A } }) => ({ query: { tenantId: A.tenantId, tenantName: A.tenantName } }),
  crossed: ({ estates: { A, B } }) => ({
    query: { tenantId: A.tenantId, tenantName: B.tenantName },
  }),
}

/** A tenant permission that sys+, sys0, kid+, kid0 and B+ hold: it counts where there is administrative access (rule 4). */
export const reached = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  S          ok   ?    ?    -    ?    ?    -    -    -    -    401  ?
  A          ok   ok   ?    -    ok   ?    -    -    -    -    401  ?
  B          ok   ?    ?    -    ?    ?    -    -    -    -    401  ok
  absent     ?    ?    ?    -    ?    ?    -    -    -    -    401  ?`

/** The same for a list that takes the filters: what is seen, and a tenant outside of the reach. */
export const reachedList = `
             12   sys+ sys0 sysO kid+ kid0 kidO 11   28   none off  B+
  all        SAB  A    0    -    A    0    -    -    -    -    401  B
  id=S       S    -    -    -    -    -    -    -    -    -    401  -
  name=S     S    -    -    -    -    -    -    -    -    -    401  -
  id=A       A    A    -    -    A    -    -    -    -    -    401  -
  name=A     A    A    -    -    A    -    -    -    -    -    401  -
  id=B       B    -    -    -    -    -    -    -    -    -    401  B
  name=B     B    -    -    -    -    -    -    -    -    -    401  B
  id=absent  0    -    -    -    -    -    -    -    -    -    401  -
  name=absent 0   -    -    -    -    -    -    -    -    -    401  -
  both       A    A    -    -    A    -    -    -    -    -    401  -
  crossed    0    -    -    -    -    -    -    -    -    -    401  -`

/** A tenant without anything, on which the caller has administrative access as far as a row can give it. */
export const freshTenant = async ({ app }: World, caller: Caller): Promise<number> => {
  const id = await createTenant(app, `Fresh ${unique()}`)
  const { sql, write } = app.core.store
  await write(() =>
    run(sql.insertInto('tenants_administered').values({ user_id: caller.id, tenant_id: id })),
  )
  return id
}

/** Takes away the administrative access that cases gave to people who are no callers. */
export const forgetAdministrators = async ({ app, estates }: World): Promise<void> => {
  const { sql, write } = app.core.store
  const people = tenantKeys.map((key) => estates[key].plain.id)
  await write(() => run(sql.deleteFrom('tenants_administered').where('user_id', 'in', people)))
}

/** Somebody of a tenant who holds these permissions beside the ordinary ones. */
export const holder = (world: World, key: TenantKey, ...permissions: number[]) =>
  freshUser(world, key, { permissions })

/** `?user=` (management reference 6): for whom somebody acts. The rest of the attempt is the same in each case. */
export const acting = (made: Case): Readonly<Record<string, Case>> => {
  const as =
    (nameOf: (world: World, caller: Caller) => string | Promise<string>): Case =>
    async (world, caller) => {
      const attempt = await made(world, caller)
      return { ...attempt, query: { ...attempt.query, user: await nameOf(world, caller) } }
    }
  return {
    self: as((_, caller) => caller.name),
    SELF: as((_, caller) => caller.name.toUpperCase()),
    S: as(({ estates }) => estates.S.plain.name),
    A: as(({ estates }) => estates.A.plain.name),
    // The case of letters does not matter.
    a: as(({ estates }) => estates.A.plain.name.toUpperCase()),
    B: as(({ estates }) => estates.B.plain.name),
    // Acting for a disabled account is allowed; for one that holds what the caller lacks it is not.
    disabled: as(({ estates }) => estates.A.off.name),
    holds22: as(async (world) => (await holder(world, 'A', 22)).name),
    holds12: as(({ estates }) => estates.A.strong.name),
    unknown: as(() => absentName),
  }
}
