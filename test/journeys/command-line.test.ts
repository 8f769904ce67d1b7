// Alone in its process: it takes long.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { type Child, endCommands, runCommand, startCommand } from '#test/support/command.ts'
import { startApp, basicOf, freePort, people, type Person } from '#test/support/app.ts'

const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Child =>
  startCommand(args, env)
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCommand(args, env)

const waitFor = async (child: Child, text: string): Promise<void> => {
  for (let i = 0; i < 1200; i += 1) {
    if (child.out().includes(text)) return
    if (child.process.exitCode !== null) break
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`"${text}" did not come: ${child.out()}`)
}

let directory: string
let environment: Record<string, string>
let url: string
let port: number
let server: Child
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'headgate-cli-'))
  port = await freePort()
  url = `http://localhost:${port}`
  environment = {
    HEADGATE_PORT: String(port),
    HEADGATE_DATA_DIR: directory,
    HEADGATE_ADMIN_PASSWORD: people.admin.password,
    HEADGATE_USER_PASSWORD: people.owner.password,
  }
  server = start(['serve'], environment)
  await waitFor(server, 'Headgate is ready')
})
after(() => {
  endCommands()
  rmSync(directory, { recursive: true, force: true })
})

const ask = async (person: Person): Promise<number> => {
  const answer = await fetch(`${url}/api/mgmt/datasources`, { headers: basicOf(person) })
  await answer.text()
  return answer.status
}

const oneLine = (text: string): void => assert.match(text, /^[^\n]+\n$/)

test('help is given to whoever asks, and words that a command does not take are refused', async () => {
  const help = await run(['--help'])
  assert.equal(help.code, 0)
  assert.match(help.out, /^Usage: npm run headgate/)
  for (const command of ['serve', 'doctor']) {
    const ended = await run([command, '--port'])
    assert.equal(ended.code, 2)
    assert.match(ended.error, /takes no words, and got --port/)
  }
  const migrate = await run(['migrate', '--port'])
  assert.equal(migrate.code, 2)
  assert.match(migrate.error, /^Usage: npm run headgate -- migrate \[--dry-run \| --to [^\n]+\n$/)
})

test('an unknown command, or none, prints the usage and exits with 2', async () => {
  for (const args of [[], ['sing'], ['admin'], ['admin', 'sing'], ['--help-me']]) {
    const ended = await run(args)
    assert.equal(ended.code, 2)
    assert.match(
      ended.error,
      /^(?:A command is missing\.|There is no command \S+\.)\n\nUsage: npm run headgate -- <command>/,
    )
    for (const command of [
      'serve',
      'demo',
      'migrate',
      'backup',
      'restore',
      'admin unlock',
      'admin reset-password',
      'admin end-tokens',
      'doctor',
    ])
      assert.ok(ended.error.includes(command), command)
    assert.equal(ended.out, '')
  }
})

test('a command with the wrong words says how it is called and exits with 2', async () => {
  const unnamed = await run(['admin', 'unlock'], environment)
  assert.equal(unnamed.code, 2)
  assert.equal(unnamed.error, 'Usage: npm run headgate -- admin unlock <user>\n')
  assert.equal((await run(['demo', '--twice'], environment)).code, 2)
})

test('a wrong variable stops the start with one line: the variable, its fault, a right example', async () => {
  const wrong = await run(['serve'], { ...environment, HEADGATE_PORT: 'eighty' })
  assert.equal(wrong.code, 1)
  assert.equal(wrong.out, '')
  assert.equal(
    wrong.error,
    'HEADGATE_PORT must be a port from 0 to 65535. Example: HEADGATE_PORT=8080\n',
  )
})

test('a variable that Headgate does not know is refused by name with the known ones', async () => {
  const unknown = await run(['serve'], { ...environment, HEADGATE_PROT: '80' })
  assert.equal(unknown.code, 1)
  oneLine(unknown.error)
  assert.match(
    unknown.error,
    /^HEADGATE_PROT is not an option of Headgate\. Known: .*HEADGATE_PORT/,
  )
})

test('a port that is taken stops the start with one line and exit code 1', async () => {
  const other = mkdtempSync(join(tmpdir(), 'headgate-cli-'))
  const taken = await run(['serve'], { ...environment, HEADGATE_DATA_DIR: other })
  rmSync(other, { recursive: true, force: true })
  assert.equal(taken.code, 1)
  oneLine(taken.error)
  assert.match(taken.error, new RegExp(`${port}`))
})

test('serve prints one line when it is ready, with its URL, and no password', () => {
  const lines = server.out().split('\n')
  assert.equal(lines.filter((line) => line.includes('ready')).length, 1)
  assert.ok(lines.includes(`Headgate is ready at ${url}`))
  for (const { password } of Object.values(people)) assert.ok(!server.out().includes(password))
})

test('its passwords are hashed at full cost, whatever the servers of other tests do', () => {
  const database = new DatabaseSync(join(directory, 'headgate.db'), { readOnly: true })
  const rows = database.prepare('select password_hash as hash from users').all()
  database.close()
  assert.ok(rows.length >= 2)
  for (const { hash } of rows) assert.match(String(hash), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
})

test('admin unlock ends a lock beside the running server', async () => {
  for (let i = 0; i < 3; i += 1)
    assert.equal(await ask({ name: people.owner.name, password: `wrong ${i}` }), 401)
  assert.equal(await ask(people.owner), 401)
  const unlocked = await run(['admin', 'unlock', people.owner.name], environment)
  assert.deepEqual(unlocked, { code: 0, out: 'd2cuser can sign in again.\n', error: '' })
  assert.equal(await ask(people.owner), 200)
  const again = await run(['admin', 'unlock', people.owner.name], environment)
  assert.equal(again.out, 'd2cuser was not locked.\n')
  const nobody = await run(['admin', 'unlock', 'nobody'], environment)
  assert.deepEqual(nobody, { code: 1, out: '', error: 'There is no user nobody.\n' })
})

test('admin reset-password shows a new password once, and it alone opens the running server', async () => {
  assert.equal(await ask(people.owner), 200)
  const reset = await run(['admin', 'reset-password', people.owner.name], environment)
  assert.equal(reset.code, 0)
  const password = /^The new password of d2cuser: (\S+)\n$/.exec(reset.out)?.[1]
  assert.ok(password !== undefined && password.length >= 12)
  assert.equal(await ask(people.owner), 401)
  assert.equal(await ask({ name: people.owner.name, password }), 200)
  const nobody = await run(['admin', 'reset-password', 'nobody'], environment)
  assert.deepEqual(nobody, { code: 1, out: '', error: 'There is no user nobody.\n' })
})

test('doctor finds nothing wrong in a good directory and says what is wrong in another', async () => {
  const fine = await run(['doctor'], environment)
  assert.equal(fine.code, 0, fine.out)
  assert.match(fine.out, /There is an active administrator/)
  assert.ok(fine.out.split('\n').every((line) => line === '' || line.startsWith('ok ')))
  const bad = await run(['doctor'], {
    HEADGATE_DATA_DIR: join(directory, 'missing'),
    HEADGATE_HDP: 'all',
  })
  assert.equal(bad.code, 1)
  assert.match(bad.out, /^look .*does not exist/m)
  assert.match(bad.out, /^look .*show-secrets/m)
})

test('migrate says that the database is up to date', async () => {
  const done = await run(['migrate'], environment)
  assert.deepEqual(done, {
    code: 0,
    out: `The database in ${directory} is up to date.\n`,
    error: '',
  })
})

test('without passwords in the environment a start writes generated ones into a file for its owner alone and prints only where', async () => {
  const other = mkdtempSync(join(tmpdir(), 'headgate-cli-'))
  const child = start(['serve'], {
    HEADGATE_DATA_DIR: other,
    HEADGATE_PORT: String(await freePort()),
  })
  try {
    await waitFor(child, 'Headgate is ready')
    const file = join(other, 'initial-passwords')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const password = /^d2cadmin (\S+)$/m.exec(readFileSync(file, 'utf8'))?.[1]
    assert.ok(password !== undefined && password.length >= 12)
    assert.ok(child.out().includes(file))
    assert.ok(!child.out().includes(password))
  } finally {
    child.process.kill('SIGTERM')
    assert.equal((await child.ended).code, 0)
    rmSync(other, { recursive: true, force: true })
  }
})

test('SIGTERM lets a request in flight finish and then the server exits with 0', async () => {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const body = JSON.stringify({ name: 'In flight', redirectUrls: ['https://client.example/cb'] })
  const sent = [
    'POST /api/mgmt/oauth/client/applications HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    `Authorization: ${basicOf(people.admin).authorization}`,
    'Connection: close',
    '',
    body.slice(0, 10),
  ].join('\r\n')
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  socket.write(sent)
  // One answered request behind it on another connection: by then the first one has been read.
  await ask(people.admin)
  server.process.kill('SIGTERM')
  await new Promise((resolve) => setTimeout(resolve, 200))
  socket.write(body.slice(10))
  await closed
  assert.match(answer, /^HTTP\/1\.1 201 /)
  assert.match(answer, /"In flight"/)
  assert.equal((await server.ended).code, 0)
  await assert.rejects(fetch(`${url}/api/healthcheck`))
})

test('a second server on the same data directory is told that there is one', async () => {
  const app = await startApp({ sources: false })
  try {
    const ended = await run(['serve'], { HEADGATE_DATA_DIR: app.dataDir, HEADGATE_PORT: '0' })
    assert.equal(ended.code, 1)
    assert.match(
      ended.error,
      /^Another server is running on \S+\. Stop it, or give this one a HEADGATE_DATA_DIR/,
    )
  } finally {
    await app.close()
  }
})
