import pg from 'pg'
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

const numbers = ({ begin, end }: Slice): string => `generate_series(${begin}, ${end - 1}) as n (i)`

/** 32 random bytes, but for the few bits that say which kind of UUID they are. */
const randomHash = 'uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())'

const consentsOf = (plan: Plan, like: number): string => `
  insert into users (id, tenant_id, user_name, user_name_key, status, password_version, password_status, created_at)
    select ${firstId} + i, 1, 'stranger' || i, 'stranger' || i, 1, 1, 1, ${plan.now}
    from ${numbers({ begin: 0, end: plan.users })};
  insert into user_roles (user_id, role_id)
    select ${firstId} + i, 2 from ${numbers({ begin: 0, end: plan.users })};
  insert into consents (id, user_id, application_id, scope, selection, redirect_host, application_revision, created_at)
    select ${firstId} + n.i, ${firstId} + n.i / ${applications}, a.ids[n.i % ${applications} + 1],
      g.scope, g.selection, g.redirect_host, 1, ${plan.now}
    from ${numbers({ begin: 0, end: plan.consents })}
    cross join (select array_agg(id order by id) as ids from client_applications where name like 'Stranger %') as a
    join consents as g on g.id = ${like}`

const chainsOf = (
  slice: Slice,
  plan: Plan,
  of: { readonly first: number; readonly consent: string; readonly like: number },
): string => `
  insert into chains (id, consent_id, grant_type, scope, selection, redirect_uri, generation, created_at, expires_at)
    select ${of.first} + n.i, ${of.consent}, 'authorization_code', g.scope, g.selection, 'https://bench.example/callback', 0,
      ${plan.now}, ${plan.refreshExpiry}
    from ${numbers(slice)} join consents as g on g.id = ${of.like};
  insert into codes (code_hash, chain_id, redirect_uri, code_challenge, redeemed_at, valid_until)
    select ${randomHash}, ${of.first} + i, 'https://bench.example/callback', gen_random_uuid()::text, ${plan.now}, ${plan.now}
    from ${numbers(slice)}`

const strangersOf = (step: number, plan: Plan, like: number): string => {
  const chains = sliceOf(plan.strangerChains, step)
  const tokens = plan.strangerChains * accessTokensPerChain
  const { from, span } = plan.accessExpiry
  const consent = `${firstId} + (n.i::bigint * ${chainStride}) % ${plan.consents}`
  return `${chainsOf(chains, plan, { first: firstId, consent, like })};
  insert into refresh_tokens (token_hash, chain_id, generation, created_at, expires_at)
    select ${randomHash}, ${firstId} + i, 0, ${plan.now}, ${plan.refreshExpiry} from ${numbers(chains)};
  insert into access_tokens (token_hash, chain_id, created_at, expires_at)
    select ${randomHash}, ${firstId} + (i::bigint * ${chainStride}) % ${plan.strangerChains}, ${plan.now},
      ${from} + (i::bigint * ${span}) / ${tokens}
    from ${numbers(sliceOf(tokens, step))}`
}

const fillKnown = async (
  client: pg.Client,
  step: number,
  plan: Plan,
  { known, consent }: Given,
): Promise<void> => {
  const slice = sliceOf(plan.knownChains, step)
  const first = firstId + plan.strangerChains
  await client.query(chainsOf(slice, plan, { first, consent: String(consent), like: consent }))
  const { from, span } = plan.accessExpiry
  const mine = (tokens: readonly { readonly hash: Uint8Array }[]) =>
    tokens.slice(slice.begin, slice.end).map(({ hash }) => hash)
  const chain = `${first + slice.begin - 1} + i`
  await client.query(
    `insert into access_tokens (token_hash, chain_id, created_at, expires_at)
      select hash, ${chain}, ${plan.now}, ${from} + ((${slice.begin} + i) * ${span}) / ${plan.knownChains}
      from unnest($1::bytea[]) with ordinality as t (hash, i)`,
    [mine(known.access)],
  )
  await client.query(
    `insert into refresh_tokens (token_hash, chain_id, generation, created_at, expires_at)
      select hash, ${chain}, 0, ${plan.now}, ${plan.refreshExpiry}
      from unnest($1::bytea[]) with ordinality as t (hash, i)`,
    [mine(known.refresh)],
  )
}

/** Fills the system database of a server that does not run. */
export const fillPostgres = async (url: string, plan: Plan, given: Given): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    // A fill that is interrupted is thrown away; what it refers to is there by construction.
    await client.query('set synchronous_commit = off; set session_replication_role = replica')
    await client.query(consentsOf(plan, given.consent))
    for (let step = 0; step < steps; step += 1) {
      await client.query(strangersOf(step, plan, given.consent))
      await fillKnown(client, step, plan, given)
    }
    for (const table of ['users', 'consents', 'chains'])
      await client.query(
        `select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table}))`,
      )
    await client.query('vacuum analyze')
    await client.query('checkpoint')
  } finally {
    await client.end()
  }
}
