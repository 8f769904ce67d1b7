import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const sources = filesBelow('src').filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
)
const read = (file: string): string => readFileSync(file, 'utf8')
const relative = (file: string): string => file.slice(root.length + 1)

test('the linter enforces the borders of scripts/borders.mjs', () => {
  assert.doesNotThrow(() =>
    execFileSync(process.execPath, ['scripts/borders.mjs', '--check'], {
      cwd: root,
      stdio: 'pipe',
    }),
  )
})

test('only config.ts reads the environment', () => {
  const readers = sources.filter((file) => /process\.env\b/.test(read(file))).map(relative)

  assert.deepEqual(readers, ['src/config.ts'])
})

test('every grant, authentication method and dialect is registered in its index', () => {
  for (const [folder, index, apart] of [
    ['src/oauth/grants', 'index.ts', ['index.ts', 'grant.ts']],
    ['src/oauth/client-auth', 'index.ts', ['index.ts', 'client-auth.ts', 'authenticate.ts']],
    ['src/sql/dialects', 'index.ts', ['index.ts']],
    ['src/oauth/authorize/checks', '../pipeline.ts', []],
    ['src/commands', 'index.ts', ['index.ts', 'command.ts']],
  ] as const) {
    const text = read(join(root, folder, index))
    const files = readdirSync(join(root, folder)).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
    )
    for (const name of files) {
      if ((apart as readonly string[]).includes(name)) continue
      assert.ok(text.includes(`${name}'`), `${folder}/${name} is not registered in ${index}`)
    }
  }
})

test('every endpoint file is registered in its folder, and every folder in features/endpoints.ts', () => {
  const all = read(join(root, 'src/features/endpoints.ts'))
  const folders = [
    ...new Set(
      sources
        .map(relative)
        .filter((file) => file.includes('/endpoints/'))
        .map((file) => file.replace(/[^/]+$/, '')),
    ),
  ]
  for (const folder of folders) {
    const noun = folder.split('/')[2]
    assert.ok(all.includes(`./${noun}/endpoints/`), `${folder} is not registered`)
  }
})

test('every runtime package has its sentence in the decisions', () => {
  const { dependencies } = JSON.parse(read(join(root, 'package.json'))) as {
    dependencies: Record<string, string>
  }
  const decision = read(join(root, 'docs/decisions/0002-packages-at-run-time.md'))
  for (const name of Object.keys(dependencies))
    assert.ok(decision.includes(`\`${name}\``), `${name} has no sentence`)
})

test('no package at run time has an install script', () => {
  const lock = JSON.parse(read(join(root, 'package-lock.json'))) as {
    packages: Record<string, { hasInstallScript?: boolean; dev?: boolean }>
  }
  const scripted = Object.entries(lock.packages).filter(
    ([, entry]) => entry.hasInstallScript && !entry.dev,
  )

  assert.deepEqual(
    scripted.map(([name]) => name),
    [],
  )
})

test('every option of the configuration is documented', () => {
  const documented = read(join(root, 'docs/configuration.md'))
  const known =
    /const known = \[([\s\S]*?)\] as const/.exec(read(join(root, 'src/config.ts')))?.[1] ?? ''
  const names = [...known.matchAll(/'([A-Z_]+)'/g)].map(([, name]) => `HEADGATE_${name}`)

  assert.ok(names.length > 10)
  for (const name of names)
    assert.ok(documented.includes(`\`${name}\``), `${name} is not documented`)
})

test('links between the documents lead somewhere', () => {
  const documents = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    ...filesBelow('docs').map(relative),
  ]
  for (const document of documents) {
    for (const [, target = ''] of read(join(root, document)).matchAll(/\]\(([^)#]+)\)/g)) {
      if (/^https?:/.test(target)) continue
      assert.ok(existsSync(join(root, document, '..', target)), `${document} links to ${target}`)
    }
  }
})

test('files named in the architecture exist', () => {
  const text = read(join(root, 'ARCHITECTURE.md'))
  for (const [, name = ''] of text.matchAll(/`((?:[a-z-]+\/)+[a-z-]+\.(?:ts|mjs))`/g)) {
    const found =
      existsSync(join(root, 'src', name)) ||
      existsSync(join(root, name)) ||
      sources.some((file) => file.endsWith(`/${name}`))
    assert.ok(found, `${name} does not exist`)
  }
})
