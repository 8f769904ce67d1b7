import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { people } from '#test/support/app.ts'
import { type Fleet, startFleet, withinOneSecond } from '#test/support/fleet.ts'
import {
  getTokens,
  manage,
  readWith,
  refresh,
  register,
  type TokenAnswer,
} from '#test/support/oauth.ts'
import { revoke } from '../security/tokens/support.ts'
import { playStory } from './story.ts'

// Must show 4: while nodes are replaced one by one, the previous release and this tree run on one database.

const root = new URL('../../', import.meta.url).pathname

const git = (...words: readonly string[]): string =>
  execFileSync('git', ['-C', root, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()

/** The name of the previous release, or why there is none, as a sentence. */
const previousRelease = (): { readonly ref: string } | { readonly none: string } => {
  const named = process.env['HEADGATE_PREVIOUS']
  if (named !== undefined) return { ref: named }
  try {
    return { ref: git('describe', '--tags', '--match', 'v*', '--abbrev=0', 'HEAD^') }
  } catch {
    return {
      none: 'There is no previous release: no tag v* comes before this commit. HEADGATE_PREVIOUS may name any other.',
    }
  }
}

/** The files of a release, beside the packages of this tree. */
const unpack = (ref: string): string => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-previous-'))
  const tree = join(directory, 'tree')
  mkdirSync(tree)
  execFileSync('git', ['-C', root, 'archive', '--output', join(directory, 'tree.tar'), ref])
  execFileSync('tar', ['-xf', join(directory, 'tree.tar'), '-C', tree])
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  return directory
}

const isRefusedEverywhere = (fleet: Fleet, token: string): Promise<number> =>
  withinOneSecond('the token is refused by both releases', async () => {
    const statuses = await Promise.all([0, 1].map((index) => readWith(fleet.at(index), token)))
    return statuses.every((status) => status === 401)
  })

const endings: Readonly<
  Record<string, (fleet: Fleet, at: number, id: number) => Promise<unknown>>
> = {
  'the user ends the access': (fleet, at, id) =>
    manage(fleet.at(at), 'DELETE', `/api/mgmt/oauth/client/allowedapplications/${id}`, {
      person: people.user,
    }),
  'the secret is reset': (fleet, at, id) =>
    manage(fleet.at(at), 'PUT', `/api/mgmt/oauth/client/applications/${id}/reset`),
}

const previous = previousRelease()

test('T84: the previous release and this one run side by side, and what one ends the other refuses', {
  timeout: 120_000,
  ...('none' in previous ? { skip: previous.none } : {}),
}, async (context) => {
  if ('none' in previous) return
  const directory = unpack(previous.ref)
  const tree = join(directory, 'tree')
  let fleet: Fleet | undefined
  try {
    if (!existsSync(join(tree, 'src', 'store', 'postgres'))) {
      context.skip(
        `${previous.ref} does not run on PostgreSQL, so nobody can run it beside this one.`,
      )
      return
    }
    assert.ok(readdirSync(tree).includes('headgate.mjs'))
    fleet = await startFleet({ first: { root: tree } })
    await playStory(fleet.app)
    for (const happen of Object.values(endings))
      for (const at of [0, 1]) {
        const client = await register(fleet.at(1 - at))
        const tokens = await getTokens(fleet.app, client)
        await happen(fleet, at, client.id)
        await isRefusedEverywhere(fleet, tokens.access_token)
        assert.notEqual((await refresh(fleet.at(1 - at), client, tokens.refresh_token)).status, 200)
      }
    for (const at of [0, 1]) {
      const client = await register(fleet.at(at), { refreshTokenRotation: true })
      const tokens = await getTokens(fleet.app, client)
      const child: TokenAnswer['body'] = (await refresh(fleet.at(at), client, tokens.refresh_token))
        .body
      const again: TokenAnswer['body'] = (
        await refresh(fleet.at(1 - at), client, tokens.refresh_token)
      ).body
      assert.deepEqual(
        [again.access_token, again.refresh_token],
        [child.access_token, child.refresh_token],
      )
      assert.equal(await revoke(fleet.at(1 - at), client, child.refresh_token), 200)
      await isRefusedEverywhere(fleet, child.access_token)
    }
    // Whoever goes down in the middle of the replacement comes up again, also the older one.
    for (const node of fleet.nodes) {
      await node.stop()
      await node.start()
    }
    await playStory(fleet.app)
  } finally {
    await fleet?.close()
    rmSync(directory, { recursive: true, force: true })
  }
})
