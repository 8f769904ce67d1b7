// The house as data: which folder of src/ may import which. `node scripts/borders.mjs` writes the
// linter's per-folder rules from it; `--check` fails when .oxlintrc.json says something else.
import { readFileSync, writeFileSync } from 'node:fs'

const all = [
  'lib',
  'oauth',
  'odata',
  'query',
  'sql',
  'egress',
  'vault',
  'store',
  'connectors',
  'features',
  'http',
]

export const may = {
  lib: [],
  oauth: ['lib'],
  odata: ['lib'],
  query: ['odata', 'lib'],
  sql: ['query', 'odata', 'lib'],
  egress: ['lib'],
  vault: ['egress', 'lib'],
  store: ['vault', 'lib'],
  connectors: ['query', 'sql', 'odata', 'vault', 'egress', 'lib'],
  features: ['oauth', 'odata', 'query', 'connectors', 'vault', 'store', 'egress', 'lib'],
  http: ['oauth', 'odata', 'query', 'connectors', 'features', 'lib'],
}

// Packages and Node modules that belong to one room alone.
const owned = {
  fastify: ['http'],
  '@fastify/*': ['http'],
  'node:http': ['http', 'egress'],
  'node:https': ['http', 'egress'],
  'node:net': ['egress', 'http'],
  'node:sqlite': ['store', 'connectors'],
  pg: ['store', 'connectors'],
  '@duckdb/node-api': ['connectors'],
  'node:dns': ['egress'],
  'node:dns/promises': ['egress'],
  undici: ['egress'],
  oauth4webapi: ['egress'],
  'node:child_process': ['connectors'],
  kysely: ['store', 'features'],
  'node:fs': ['store', 'connectors', 'vault', 'features'],
  'node:fs/promises': ['store', 'connectors', 'vault', 'features'],
}

const rule = (folder) => {
  const folders = all.filter((f) => f !== folder && !may[folder].includes(f))
  const patterns = [
    {
      group: [...folders.map((f) => `#${f}/**`), '#app.ts', '#main.ts', '#config.ts', '#test/**'],
      message: `src/${folder} may import only ${[...may[folder], 'itself'].join(', ')} (ARCHITECTURE.md, "Borders").`,
    },
    {
      group: ['../../../**'],
      message: 'Cross a border with #folder/file.ts, so that it can be seen.',
    },
  ]
  const foreign = Object.entries(owned)
    .filter(([, rooms]) => !rooms.includes(folder))
    .map(([name]) => name)
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: foreign
            .filter((n) => !n.includes('*'))
            .map((name) => ({
              name,
              message: `${name} belongs to src/${owned[name].join(', src/')}.`,
            })),
          patterns: [
            ...patterns,
            ...foreign
              .filter((n) => n.includes('*'))
              .map((n) => ({
                group: [n],
                message: `${n} belongs to src/${owned[n].join(', src/')}.`,
              })),
          ],
        },
      ],
    },
  }
}

const config = {
  $schema: './node_modules/oxlint/configuration_schema.json',
  plugins: ['typescript', 'unicorn', 'import', 'node', 'oxc'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true },
  rules: {
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'import/no-named-as-default': 'off',
    'import/no-named-as-default-member': 'off',
    'import/no-unassigned-import': 'off',
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    'unicorn/no-array-sort': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'no-shadow': 'off',
    'no-underscore-dangle': 'off',
    'no-await-in-loop': 'off',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': [
      'error',
      { considerDefaultExhaustiveForUnions: true },
    ],
    'typescript/only-throw-error': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/consistent-return': 'off',
    'no-console': 'error',
    'node/no-process-env': 'error',
    'no-restricted-properties': [
      'error',
      { object: 'Math', property: 'random', message: 'T38: guessable. Use node:crypto.' },
    ],
    'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    // A `create…` function holds the small functions that share its dependencies; they are the 10 to 35 lines.
    'max-lines-per-function': ['error', { max: 100, skipBlankLines: true, skipComments: true }],
    'max-params': ['error', { max: 4 }],
    complexity: ['error', { max: 15 }],
  },
  overrides: [
    ...all.map(rule),
    {
      files: ['src/config.ts', 'test/**', 'bench/**', 'scripts/**', '**/*.mjs', '**/*.test.ts'],
      rules: { 'node/no-process-env': 'off' },
    },
    // A handler carries request and reply beside what it is about.
    { files: ['src/http/**'], rules: { 'max-params': ['error', { max: 5 }] } },
    // A migration is a table of tables.
    { files: ['src/store/migrations/**'], rules: { 'max-lines-per-function': 'off' } },
    {
      files: ['test/**', 'bench/**', 'scripts/**', '**/*.test.ts', '**/*.mjs'],
      rules: {
        'max-lines': 'off',
        'max-lines-per-function': 'off',
        'max-params': 'off',
        complexity: 'off',
        'no-console': 'off',
        'typescript/no-non-null-assertion': 'off',
        'typescript/no-floating-promises': 'off',
        'no-restricted-imports': 'off',
      },
    },
  ],
  ignorePatterns: ['node_modules', 'data', 'out'],
}

const text = `${JSON.stringify(config, null, 2)}\n`
if (process.argv.includes('--check')) {
  if (readFileSync('.oxlintrc.json', 'utf8') !== text) {
    console.error(
      '.oxlintrc.json is not what scripts/borders.mjs writes: run `node scripts/borders.mjs`.',
    )
    process.exit(1)
  }
} else {
  writeFileSync('.oxlintrc.json', text)
}
