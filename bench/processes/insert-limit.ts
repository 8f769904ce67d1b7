// What a token in PostgreSQL costs at least: bare node:http that inserts a row of the same shape (same columns, indexes
// and foreign key) by `pg` and answers when it is durable. What arrives in one turn is one statement of many rows.
import { randomBytes } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { answerToken } from '../answer.ts'

const [url = ''] = process.argv.slice(2)
/** As many connections as a node of ours has unless told otherwise. */
const pool = new pg.Pool({ connectionString: url, max: 10, keepAlive: true })

const schema = `
  create table limit_chains (id bigint primary key);
  insert into limit_chains values (1);
  create table limit_tokens (
    token_hash bytea primary key,
    chain_id bigint not null references limit_chains (id) on delete cascade,
    created_at bigint not null,
    expires_at bigint not null
  );
  create index on limit_tokens (chain_id);
  create index on limit_tokens (expires_at)`

const insert = {
  name: 'insert',
  text: `insert into limit_tokens (token_hash, chain_id, created_at, expires_at)
    select hash, 1, $2, $3 from unnest($1::bytea[]) as t (hash)`,
}

let waiting: ServerResponse[] = []

const flush = async (): Promise<void> => {
  const batch = waiting
  waiting = []
  const now = Date.now()
  const hashes = batch.map(() => randomBytes(32))
  await pool.query({ ...insert, values: [hashes, now, now + 3_600_000] })
  for (const response of batch) answerToken(response)
}

const take = (response: ServerResponse): void => {
  waiting.push(response)
  if (waiting.length === 1)
    setImmediate(() => {
      // A limit that cannot insert has nothing to say: it ends, and the bench with it.
      flush().catch((error: unknown) => {
        process.stderr.write(`${String(error)}\n`)
        process.exit(1)
      })
    })
}

await pool.query(schema)
const { rows } = await pool.query<{ synchronous_commit: string }>('show synchronous_commit')
if (rows[0]?.synchronous_commit !== 'on') throw new Error('The limit must be durable as well.')

const server = createServer((request, response) => {
  request.resume()
  request.once('end', () => take(response))
})
server.listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
)
process.on('disconnect', () => process.exit(0))
