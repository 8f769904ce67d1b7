import type { Tag } from './types.ts'

type Noun = Tag & { readonly at: RegExp }

/** How the endpoints are grouped, in the order of the reference page; the first that fits has the path. */
const nouns: readonly Noun[] = [
  {
    name: 'Data sources',
    description: 'Configured connections to data stores.',
    at: /^\/api\/mgmt\/datasources(?:\/|$)/,
  },
  {
    name: 'Data stores',
    description: 'What data can be read from, with the options that a data source has there.',
    at: /^\/api\/(?:mgmt\/datastores(?:\/:id)?|(?:mgmt|admin)\/connectors)$/,
  },
  {
    name: 'Accesses',
    description:
      'What users have given client applications: which may read which data sources, and the end of it.',
    at: /\/(?:allowedapplications|accesses)(?:\/|$)/,
  },
  {
    name: 'Client applications',
    description: 'Applications that get tokens here, registered by their developers.',
    at: /^\/api\/mgmt\/oauth\/client\/applications(?:\/|$)/,
  },
  {
    name: 'OAuth applications',
    description: 'How this server is registered at data stores that want OAuth themselves.',
    at: /\/oauthapps(?:\/|$)/,
  },
  {
    name: 'OAuth profiles',
    description: 'Accounts of users at those data stores, whose tokens this server keeps.',
    at: /^\/api\/mgmt\/oauthprofiles(?:\/|$)/,
  },
  {
    name: 'Your own account',
    description: 'What every user may know and change of the own account.',
    at: /^\/api\/(?:mgmt\/(?:user|permissions)|admin\/userdetails)(?:\/|$)/,
  },
  {
    name: 'Passwords',
    description: 'The password policy, and passwords that an administrator sets.',
    at: /\/(?:passwordpolicy|passwordinfo|resetpassword)(?:\/|$)/,
  },
  {
    name: 'Limits',
    description: 'Bounds of the system, of a tenant, of a user, of a data source.',
    at: /^\/api\/admin\/limits(?:\/|$)/,
  },
  {
    name: 'Users',
    description: 'People and programs that sign in.',
    at: /^\/api\/admin\/users(?:\/|$)/,
  },
  {
    name: 'Roles and permissions',
    description: 'Who may do what.',
    at: /^\/api\/admin\/(?:roles|permissions)(?:\/|$)/,
  },
  {
    name: 'Tenants',
    description: 'Parts of the system that know nothing of each other.',
    at: /^\/api\/admin\/tenants(?:\/|$)/,
  },
  {
    name: 'Configuration',
    description: 'Settings of the whole system.',
    at: /^\/api\/admin\/configurations(?:\/|$)/,
  },
]

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1)

/** The group of an endpoint, by its path; one that no line above knows is named by the path itself. */
export const nounOf = (path: string): Tag => {
  const found = nouns.find(({ at }) => at.test(path))
  if (found !== undefined) return { name: found.name, description: found.description }
  const [, , word = 'other'] = path.slice(1).split('/')
  return { name: capital(word), description: `What lies at /${path.split('/')[3] ?? ''}.` }
}

/** Tags in the order of the table; others behind them, as they came. */
export const inOrder = (tags: readonly Tag[]): readonly Tag[] => {
  const named = new Map(tags.map((tag) => [tag.name, tag]))
  const known = nouns.map(({ name }) => named.get(name)).filter((tag) => tag !== undefined)
  const others = [...named.values()].filter((tag) => !known.includes(tag))
  return [...known, ...others]
}
