import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const root = new URL('../../', import.meta.url).pathname

test('the demo plays the main job to its end, with real rows and the refusal after the revocation', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'headgate-demo-test-'))
  try {
    const ended = await new Promise<{ code: number; out: string; error: string }>((resolve) => {
      const child = execFile(
        process.execPath,
        [join(root, 'headgate.mjs'), 'demo', '--once'],
        {
          cwd: temporary,
          env: {
            PATH: process.env['PATH'],
            TMPDIR: temporary,
            NODE_DISABLE_COMPILE_CACHE: '1',
          },
          timeout: 60_000,
        },
        (_failure, out, error) => resolve({ code: child.exitCode ?? -1, out, error }),
      )
    })
    assert.equal(ended.error, '')
    assert.equal(ended.code, 0)
    assert.match(ended.out, /^Headgate is ready at http:\/\/localhost:\d+/)
    for (let step = 1; step <= 8; step += 1)
      assert.match(ended.out, new RegExp(`^${step}\\. `, 'm'))
    assert.match(ended.out, /200, \d+ flights left Seattle/)
    const rows = ended.out.match(/\d{4}-\d\d-\d\d {2}SEA to [A-Z]{3} +\d+ min late +\d+ miles/g)
    assert.equal(rows?.length, 5)
    assert.match(ended.out, /shut out: 401/)
    assert.doesNotMatch(ended.out, /hg_[a-z]{2}_[\w-]{49}/)
    assert.deepEqual(readdirSync(temporary), [])
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
})
