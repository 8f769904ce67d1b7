import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import {
  accessTokensPerChain,
  applications,
  chainStride,
  firstId,
  type Given,
  type Plan,
  type Slice,
  sliceOf,
  steps,
} from './plan.ts'

/** Numbers from `begin` until before `end`, as `n.i`. */
const numbers = ({ begin, end }: Slice): string =>
  `WITH RECURSIVE n(i) AS (SELECT ${begin} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${end})`

const insert = (database: DatabaseSync, into: string, slice: Slice, select: string): void => {
  if (slice.begin < slice.end)
    database.exec(`INSERT INTO ${into} ${numbers(slice)} SELECT ${select} FROM n`)
}

/** Users and consents of others; all like the consent that is there. */
const fillConsents = (database: DatabaseSync, plan: Plan, like: number): void => {
  insert(
    database,
    `users (id, tenant_id, user_name, user_name_key, status, password_hash, password_version,
      password_status, password_expires_at, created_at)`,
    { begin: 0, end: plan.users },
    `${firstId} + i, 1, 'stranger' || i, 'stranger' || i, 1, NULL, 1, 1, NULL, ${plan.now}`,
  )
  insert(
    database,
    'user_roles (user_id, role_id)',
    { begin: 0, end: plan.users },
    `${firstId} + i, 2`,
  )
  database.exec(`INSERT INTO consents (id, user_id, application_id, scope, selection, redirect_host, application_revision,
      created_at)
    ${numbers({ begin: 0, end: plan.consents })}
    SELECT ${firstId} + n.i, ${firstId} + n.i / ${applications}, a.id, g.scope, g.selection, g.redirect_host, 1, ${plan.now}
    FROM n
    JOIN consents g ON g.id = ${like}
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM client_applications
      WHERE name LIKE 'Stranger %') a ON a.place = n.i % ${applications}`)
}

const chainColumns =
  'id, consent_id, grant_type, scope, selection, redirect_uri, generation, created_at, expires_at'

/** Chains with their redeemed codes. @param consent an expression of the chain's number, `n.i` */
const fillChains = (
  database: DatabaseSync,
  slice: Slice,
  plan: Plan,
  of: { readonly first: number; readonly consent: string; readonly like: number },
): void => {
  if (slice.begin === slice.end) return
  database.exec(`INSERT INTO chains (${chainColumns}) ${numbers(slice)}
    SELECT ${of.first} + n.i, ${of.consent}, 'authorization_code', g.scope, g.selection,
      'https://bench.example/callback', 0, ${plan.now}, ${plan.refreshExpiry}
    FROM n JOIN consents g ON g.id = ${of.like}`)
  insert(
    database,
    'codes (code_hash, chain_id, redirect_uri, code_challenge, redeemed_at, valid_until)',
    slice,
    `randomblob(32), ${of.first} + i, 'https://bench.example/callback', hex(randomblob(22)), ${plan.now}, ${plan.now}`,
  )
}

const fillStrangers = (database: DatabaseSync, step: number, plan: Plan, like: number): void => {
  const chains = sliceOf(plan.strangerChains, step)
  const consent = `${firstId} + (n.i * ${chainStride}) % ${plan.consents}`
  fillChains(database, chains, plan, { first: firstId, consent, like })
  insert(
    database,
    'refresh_tokens (token_hash, chain_id, generation, created_at, expires_at)',
    chains,
    `randomblob(32), ${firstId} + i, 0, ${plan.now}, ${plan.refreshExpiry}`,
  )
  const tokens = plan.strangerChains * accessTokensPerChain
  const { from, span } = plan.accessExpiry
  insert(
    database,
    'access_tokens (token_hash, chain_id, created_at, expires_at)',
    sliceOf(tokens, step),
    `randomblob(32), ${firstId} + (i * ${chainStride}) % ${plan.strangerChains}, ${plan.now}, ${from} + (i * ${span}) / ${tokens}`,
  )
}

const fillKnown = (
  database: DatabaseSync,
  step: number,
  plan: Plan,
  { known, consent }: Given,
): void => {
  const slice = sliceOf(plan.knownChains, step)
  const first = firstId + plan.strangerChains
  fillChains(database, slice, plan, { first, consent: String(consent), like: consent })
  const run = (sql: string, values: (index: number) => readonly SQLInputValue[]): void => {
    const statement = database.prepare(sql)
    for (let i = slice.begin; i < slice.end; i += 1) statement.run(...values(i))
  }
  const { from, span } = plan.accessExpiry
  const columns = (more: string): string => `(token_hash, chain_id, created_at, expires_at${more})`
  run(`INSERT INTO access_tokens ${columns('')} VALUES (?, ?, ?, ?)`, (i) => [
    known.access[i]?.hash ?? null,
    first + i,
    plan.now,
    from + Math.floor((i * span) / plan.knownChains),
  ])
  run(`INSERT INTO refresh_tokens ${columns(', generation')} VALUES (?, ?, ?, ?, 0)`, (i) => [
    known.refresh[i]?.hash ?? null,
    first + i,
    plan.now,
    plan.refreshExpiry,
  ])
}

/**
 * Fills the system database of a server that does not run. The indexes stay while it is filled, so that their pages are
 * as full as random hashes leave them, and not as an index is that was built at once.
 */
export const fillSqlite = (file: string, plan: Plan, given: Given): void => {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false })
  try {
    // A fill that is interrupted is thrown away, so nothing needs to be durable.
    database.exec(
      'PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000; PRAGMA temp_store = MEMORY; BEGIN',
    )
    fillConsents(database, plan, given.consent)
    for (let step = 0; step < steps; step += 1) {
      fillStrangers(database, step, plan, given.consent)
      fillKnown(database, step, plan, given)
    }
    database.exec('COMMIT')
    // What the bulk load did not check. It takes as long as the load, so it looks at the small stores alone.
    if (
      plan.strangerChains < 50_000 &&
      database.prepare('PRAGMA foreign_key_check').all().length > 0
    )
      throw new Error('The filled store holds rows that refer to nothing.')
    database.exec('PRAGMA journal_mode = WAL')
  } finally {
    database.close()
  }
}
