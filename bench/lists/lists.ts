import { join } from 'node:path'
import { createDatabase } from '#test/support/database.ts'
import { generateKeys, type Headgate, passwords, type Setup, startHeadgate } from '../headgate.ts'
import type { Stage } from '../stage.ts'
import { median } from '../statistics.ts'
import { type Line, renderTable } from '../table.ts'
import { fillTenants, overseer, tenantName, userName, usersPerTenant } from './fill.ts'

/** A list as somebody asks for it. */
type Asked = {
  readonly who: 'administrator' | 'overseer' | 'tenant administrator'
  readonly path: string
  readonly key: 'users' | 'tenants' | 'roles' | 'applications'
}

/** The middle of the store, so that nothing is near its beginning by luck. */
const askedOf = (tenants: readonly number[]): readonly Asked[] => {
  const middle = tenants[Math.floor(tenants.length / 2)] ?? 0
  const name = tenantName(Math.floor(tenants.length / 2))
  const after = Math.floor((tenants.length * usersPerTenant) / 2)
  return [
    { who: 'administrator', path: '/api/admin/users?limit=100', key: 'users' },
    { who: 'administrator', path: `/api/admin/users?limit=100&after=${after}`, key: 'users' },
    { who: 'administrator', path: '/api/admin/users?limit=1000', key: 'users' },
    { who: 'administrator', path: '/api/admin/users', key: 'users' },
    { who: 'administrator', path: `/api/admin/users?tenantId=${middle}`, key: 'users' },
    { who: 'administrator', path: `/api/admin/users?tenantName=${name}`, key: 'users' },
    { who: 'overseer', path: `/api/admin/users?limit=100&after=${after}`, key: 'users' },
    { who: 'tenant administrator', path: '/api/admin/users', key: 'users' },
    { who: 'administrator', path: '/api/admin/tenants', key: 'tenants' },
    { who: 'administrator', path: '/api/admin/tenants?limit=50', key: 'tenants' },
    { who: 'tenant administrator', path: '/api/admin/roles', key: 'roles' },
    { who: 'administrator', path: '/api/admin/roles?limit=50', key: 'roles' },
    { who: 'administrator', path: '/api/mgmt/oauthapps?limit=50', key: 'applications' },
    { who: 'tenant administrator', path: '/api/mgmt/oauthapps', key: 'applications' },
  ]
}

const authorizationOf = (who: Asked['who'], tenants: readonly number[]): string => {
  const [name, password] =
    who === 'administrator'
      ? ['d2cadmin', passwords.d2cadmin]
      : who === 'overseer'
        ? [overseer, passwords.demo]
        : [userName(Math.floor(tenants.length / 2), 0), passwords.demo]
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

type Timed = { readonly rows: number; readonly milliseconds: number }

const time = async (
  headgate: Headgate,
  asked: Asked,
  authorization: string,
  rounds: number,
): Promise<Timed> => {
  const times: number[] = []
  let rows = 0
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now()
    const response = await fetch(headgate.url + asked.path, { headers: { authorization } })
    const text = await response.text()
    times.push(performance.now() - began)
    if (response.status !== 200) throw new Error(`${asked.path}: ${response.status} ${text}`)
    rows = (JSON.parse(text) as Record<string, unknown[]>)[asked.key]?.length ?? 0
  }
  // The first answers pay for the password and for code that is not compiled yet.
  return { rows, milliseconds: median(times.slice(Math.floor(rounds / 3))) }
}

const measureStore = async (
  setup: Setup,
  tenantCount: number,
  rounds: number,
): Promise<readonly (Asked & Timed)[]> => {
  await (await startHeadgate(setup)).end()
  const tenants = await fillTenants(setup, tenantCount)
  const headgate = await startHeadgate(setup)
  try {
    const results: (Asked & Timed)[] = []
    for (const asked of askedOf(tenants)) {
      const authorization = authorizationOf(asked.who, tenants)
      results.push({ ...asked, ...(await time(headgate, asked, authorization, rounds)) })
    }
    return results
  } finally {
    await headgate.end()
  }
}

const listsHeading: Line = [
  'path',
  'who',
  'rows',
  'ms',
  'µs a row',
  'rows of a tenth',
  'its ms',
  'times',
]

const lineOf = (large: Asked & Timed, small: Timed | undefined): Line => [
  large.path.replaceAll(/=(\d{2,})/g, '=…').replace(/tenant-\d+/, '…'),
  large.who,
  String(large.rows),
  large.milliseconds.toFixed(2),
  ((large.milliseconds * 1000) / large.rows).toFixed(0),
  String(small?.rows ?? '-'),
  small?.milliseconds.toFixed(2) ?? '-',
  small === undefined ? '-' : (large.milliseconds / small.milliseconds).toFixed(2),
]

/**
 * Lists of administration over a store of so many tenants, and over one of a tenth of them: an answer of the same rows
 * must take the same time.
 */
export const measureLists = async (stage: Stage, engine: 'SQLite' | 'PostgreSQL') => {
  const { tenants, rounds } = stage.extent.lists
  const setupOf = async (name: string): Promise<Setup> => {
    const dataDir = join(stage.dataDir, `lists-${engine}-${name}`)
    if (engine === 'SQLite') return { dataDir }
    const { cluster } = await stage.postgres()
    return { dataDir, databaseUrl: await createDatabase(cluster.url), keys: generateKeys() }
  }
  const small = await measureStore(await setupOf('small'), Math.ceil(tenants / 10), rounds)
  const large = await measureStore(await setupOf('large'), tenants, rounds)
  const lines = large.map((timed, at) => lineOf(timed, small[at]))
  return `Lists over ${tenants} tenants with ${usersPerTenant} users each, ${engine}:\n${renderTable(listsHeading, lines)}`
}
