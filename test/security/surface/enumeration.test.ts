import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createBrowser } from '../../../src/commands/demo/browser.ts'
import { basicOf, people, type Person, startApp, type TestApp } from '#test/support/app.ts'
import { run } from '#store/command.ts'

let app: TestApp
before(async () => {
  app = await startApp({ sources: false })
  await disableAndLock()
})
after(() => app.close())

const work = (): number => {
  const { real, dummy } = app.core.passwordCheck.verifications()
  return real + dummy
}

/** The faces of "no": who is refused, and how the account came to it. */
const refused: readonly { readonly name: string; readonly person: Person }[] = [
  { name: 'an unknown user', person: { name: 'nobody-of-this-name', password: 'some password' } },
  { name: 'a wrong password', person: { name: people.admin.name, password: 'some password' } },
  { name: 'a disabled user', person: people.owner },
  { name: 'a locked user', person: people.user },
]

const disableAndLock = async (): Promise<void> => {
  await app.core.store.write(() =>
    run(
      app.core.store.sql
        .updateTable('users')
        .set({ status: 0 })
        .where('user_name', '=', people.owner.name),
    ),
  )
  for (let i = 0; i < 3; i += 1) {
    const person = { name: people.user.name, password: `wrong ${i}` }
    await (await fetch(`${app.url}/api/mgmt/datasources`, { headers: basicOf(person) })).text()
  }
}

type Told = { readonly status: number; readonly headers: string; readonly body: string }

const told = async (response: Response): Promise<Told> => {
  const kept = [...response.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')
  return { status: response.status, headers: JSON.stringify(kept), body: await response.text() }
}

const ways: readonly {
  readonly name: string
  readonly status: number
  readonly ask: (person: Person) => Promise<Told>
}[] = [
  {
    name: 'the management API',
    status: 401,
    ask: async (person) =>
      told(await fetch(`${app.url}/api/mgmt/datasources`, { headers: basicOf(person) })),
  },
  {
    name: 'OData',
    status: 401,
    ask: async (person) =>
      told(await fetch(`${app.url}/api/odata4/one/Items`, { headers: basicOf(person) })),
  },
  {
    name: 'the sign-in page',
    status: 401,
    ask: async (person) => {
      const browser = createBrowser()
      const page = await browser.submit(await browser.visit(`${app.url}/sign-in`), 'password', {
        username: person.name,
        password: person.password,
      })
      const body = page.html
        .replaceAll(person.name, 'NAME')
        .replaceAll(/name="csrf" value="[^"]*"/g, '')
      return { status: page.status, headers: '', body }
    },
  },
]

test('T56 the right password of an active user opens, so that the same answer is not the one for everybody', async () => {
  const answer = await fetch(`${app.url}/api/mgmt/datasources`, { headers: basicOf(people.admin) })
  await answer.text()
  assert.equal(answer.status, 200)
})

for (const way of ways)
  test(`T56 at ${way.name} an unknown user, a wrong password, a disabled and a locked user get the same answer for the same work`, async () => {
    const answers: Told[] = []
    for (const { name, person } of refused) {
      const before = work()
      answers.push(await way.ask(person))
      assert.equal(work() - before, 1, `${name}: one verification`)
    }
    assert.equal(answers[0]?.status, way.status)
    for (const [index, answer] of answers.entries())
      assert.deepEqual(answer, answers[0], refused[index]?.name)
  })

test('T56 a password that is too long to be one costs nobody anything and is refused alike', async () => {
  for (const { name } of [people.admin, { name: 'nobody' }]) {
    const before = work()
    const answer = await fetch(`${app.url}/api/mgmt/datasources`, {
      headers: basicOf({ name, password: 'x'.repeat(200) }),
    })
    assert.equal(answer.status, 401)
    await answer.text()
    assert.equal(work(), before)
  }
})
