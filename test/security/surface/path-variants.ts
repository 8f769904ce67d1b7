// T71 as data: every way we know to write, or to smuggle in, the name of a data source.
import { batchOf, batchType } from '#test/support/odata-batch.ts'

/** A request as it is sent, byte for byte. */
export type Variant = {
  readonly what: string
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Whether it is answered (to who may read the data source) or refused by all. */
  readonly opens?: true
}

/** What there is to know of a data source for writing requests to it. */
export type Target = {
  readonly name: string
  /** Where this server listens. */
  readonly origin: string
  /** `$skiptoken` and `ETag` that were given to the owner of the data source. */
  readonly skipToken: string
  readonly etag: string
}

const root = '/api/odata4/'

const refused = (paths: readonly string[]): readonly Variant[] =>
  paths.map((path) => ({ what: path, path }))
const opened = (paths: readonly string[]): readonly Variant[] =>
  paths.map((path) => ({ what: path, path, opens: true }))

const hex = (text: string): string => Buffer.from(text).toString('hex').replaceAll(/../g, '%$&')

const jsonBatch = (urls: readonly string[]): string =>
  JSON.stringify({
    requests: urls.map((url, i) => ({ id: String(i), method: 'GET', url })),
  })

/** A batch of these reads in both formats; none keeps the others from being answered. */
const batches = (at: string, urls: readonly string[]): readonly Variant[] => {
  const shared = { method: 'POST', path: at }
  const prefer = 'odata.continue-on-error'
  return [
    {
      ...shared,
      what: `${at} multipart`,
      headers: { 'Content-Type': batchType, Prefer: prefer },
      body: batchOf(urls),
    },
    {
      ...shared,
      what: `${at} JSON`,
      headers: { 'Content-Type': 'application/json', Prefer: prefer },
      body: jsonBatch(urls),
    },
  ]
}

/** The name as it may be written. */
const names = (name: string): readonly string[] =>
  [
    name,
    name.toUpperCase(),
    hex(name),
    // The Kelvin sign, whose small letter is k.
    name.replace('k', '%E2%84%AA'),
  ].map((spelled) => `${root}${spelled}/Items(1)`)

/** What is no spelling of the name. */
const noNames = (name: string): readonly string[] => [
  `${root}${hex(hex(name))}/Items(1)`,
  ...[
    ';',
    ';x',
    ';jsessionid=1',
    '%3Bx',
    '%00',
    '%20',
    '%09',
    '%0A',
    '.',
    '%2E',
    '~',
    "'",
    ':443',
  ].map((tail) => `${root}${name}${tail}/Items(1)`),
  ...['%20', '.', './', '%2E/', ';/', '%00', '@', 'x@', '/', '//', '%2F', '%5C', '\\', '*/'].map(
    (head) => `${root}${head}${name}/Items(1)`,
  ),
  ...[
    '//',
    '%2F',
    '%2f',
    '%252F',
    '\\',
    '%5C',
    '%5c',
    '/./',
    '/%2E/',
    '/;/',
    '%c0%af',
    '%EF%BC%8F',
    '/.;/',
  ].map((slash) => `${root}${name}${slash}Items(1)`),
  ...['..', '%2E%2E', '%2e.', '..;', '..%2F', '..%5C', '%252E%252E', '....', '..%00'].map(
    (up) => `${root}x/${up}/${name}/Items(1)`,
  ),
  ...['..', '%2E%2E', '..;'].map((up) => `${root}${name}/${up}/${name}/Items(1)`),
  ...['..', '%2E%2E', '..;', '%2E%2E%2F'].map((up) => `/api/mgmt/${up}/odata4/${name}/Items(1)`),
]

/** What is no spelling of what stands before the name. */
const noRoots = (name: string): readonly string[] =>
  [
    '/API/ODATA4/',
    '/api/OData4/',
    '//api/odata4/',
    '/api//odata4/',
    '/api/odata4//',
    '/./api/odata4/',
    '/api/./odata4/',
    '/api/%6Fdata4/',
    '/api/%6F%64ata4/',
    '/%61pi/odata4/',
    '/api%2Fodata4/',
    '/api/odata4%2F',
    '/api\\odata4\\',
    '/api;x/odata4/',
    '/api/odata4;x/',
    '/api/odata/',
    '/api/odata2/',
    '/odata4/',
    '/hybriddatapipeline/api/odata4/',
    '/api/mgmt/odata4/',
    '/evil.example/api/odata4/',
  ].map((start) => `${start}${name}/Items(1)`)

/** Every kind of resource of a data source, and spellings of an entity. */
const resources = [
  '',
  '/',
  '?',
  '?$format=json',
  '/$metadata',
  '/%24metadata',
  '/$metadata?$format=json',
  '/Items',
  '/%49tems(1)',
  '/Items%281%29',
  '/Items(id=1)',
  '/Items(%69d=1)',
  '/Items(1.0)',
  '/Items(01)',
  '/Items/1',
  '/$entity?$id=Items(1)',
  '/Items(@k)?@k=1',
  '/Items(1)/name',
  '/Items(1)/name/$value',
  '/Items(1)/name/%24value',
  '/Items(1)/$ref',
  '/Items/$ref',
  '/Items/$count',
  '/Items/%24count',
  '/Items/$filter(id%20eq%201)',
  '/Items/$filter(@c)?@c=id%20eq%201',
  '/Items(1)/Parts',
  '/Items(1)/Parts(1)/name',
  '/Items(1)/Parts/$count',
  '/Items(1)/Parts/$ref',
  '/Parts(1)/Item/name',
  '/Items(1)?$expand=*',
  '/Items?$expand=Parts($filter=id%20lt%205)&$top=2',
  '/Items(1)?$expand=Parts/$ref',
  '/Items(1)?$expand=Parts/$count',
  '/Items?$apply=groupby((name))&$top=1',
  '/Items?$compute=name%20as%20other&$select=other&$top=1',
  '/Items?$filter=$it/id%20eq%201',
  '/Items/1',
  '/Items/%31/name',
  '/Items/1/Parts/1/name',
  '/$entity?$id=Items(1)',
  '/%24entity?$id=Items/1',
  '/Items?$format=csv&$top=2',
  '/Items?$format=ndjson&$top=2',
  '/Items?$explain=true',
  '/Items(1)/Parts?$explain=true',
  '/Items?timezone=Europe/Berlin',
]

/** What is no resource, or none that is offered. */
const noResources = [
  '//',
  '/$metadata/',
  '/Items/',
  '/Items()',
  '/items(1)',
  '/ITEMS(1)',
  '/Items(1)/',
  '/Items(1)//',
  '/Items(1);x',
  '/Items(1)%00',
  '/Items(1)%20',
  '/Items(ID=1)',
  '/Items(%201%20)',
  "/Items('1')",
  '/Items/1/',
  '/Items/1.0;x',
  '/Items/$entity?$id=Items(1)',
  '/Items(1)/$value',
  '/Items?$filter=$root/Items(1)/name%20eq%20name',
  '/Items?$search=canary',
  '/Items?$skiptoken=x',
  '/$crossjoin(Items)',
  '/$entity',
  '/$all',
  '/$id',
  '/$batch',
  '/$ref',
  '/Nope',
]

const methods = [
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'QUERY',
  'PROPFIND',
  'COPY',
  'MOVE',
]
const tunnels = ['X-HTTP-Method', 'X-HTTP-Method-Override', 'X-Method-Override']

/** Everything that may be sent to an address that names the data source, or seems to. */
export const spellings = ({ name, origin, skipToken, etag }: Target): readonly Variant[] => {
  const path = `${root}${name}/Items(1)`
  return [
    ...opened(names(name)),
    ...refused([...noNames(name), ...noRoots(name)]),
    ...opened(resources.map((rest) => `${root}${name}${rest}`)),
    ...opened([
      `${root}${name}/Items?$skiptoken=${skipToken}`,
      `${root}${name}/$entity?$id=${path}`,
    ]),
    ...refused(noResources.map((rest) => `${root}${name}${rest}`)),
    ...refused([
      `${origin}${path}`,
      `http://evil.example${path}`,
      `${root}${name}/$entity?$id=http://evil.example${path}`,
      `${root}${name}/Items?$skiptoken=${skipToken}&$top=1`,
    ]),
    { what: 'HEAD', method: 'HEAD', path, opens: true },
    ...methods.map((method) => ({ what: `${method} ${path}`, method, path })),
    ...tunnels.flatMap((tunnel) =>
      ['GET', 'DELETE'].map((value) => ({
        what: `POST ${path}, ${tunnel}: ${value}`,
        method: 'POST',
        path,
        headers: { [tunnel]: value },
      })),
    ),
    { what: 'If-None-Match', path, headers: { 'If-None-Match': etag }, opens: true },
    { what: 'If-None-Match: *', path, headers: { 'If-None-Match': '*' }, opens: true },
    { what: 'another Host', path, headers: { Host: 'evil.example' }, opens: true },
    ...[`${root}${name}/$batch`, `${root}${name}/%24batch`].flatMap((at) =>
      batches(at, ['Items(1)', 'Items/$count', path, '$metadata']).map(
        (batch): Variant => ({ ...batch, opens: true }),
      ),
    ),
    ...batches(`${root}${name}/$batch/`, ['Items(1)']),
    ...batches(`${root}${name};x/$batch`, ['Items(1)']),
  ]
}

/** Addresses that lead to `name` from a place within `from`, if they lead anywhere. */
const waysAcross = (from: string, name: string): readonly string[] => {
  const target = `${name}/Items(1)`
  return [
    ...['..', '%2E%2E', '%2e%2e', '..;', '..;x', '%252E%252E'].flatMap((up) => [
      `${root}${from}/${up}/${target}`,
      `${root}${from}/Items/${up}/${up}/${target}`,
    ]),
    `${root}${from}%2F..%2F${target}`,
    `${root}${from}/..%2F${target}`,
    `${root}${from}\\..\\${target}`,
    `${root}${from}%5C..%5C${target}`,
    `${root}${from}//${target}`,
    `${root}${from}/${target}`,
    `${root}${from};${name}/Items(1)`,
    `${root}${from},${name}/Items(1)`,
    `${root}${from}%00${name}/Items(1)`,
    `${root}${from}@${name}/Items(1)`,
    `${root}${from}%0D%0A${name}/Items(1)`,
  ]
}

/** Names of `name` within a query to `from`, where an expression, an id or a context may stand. */
const queriesAcross = (
  from: string,
  name: string,
  { skipToken, origin }: Target,
): readonly string[] =>
  [
    `Items?$filter=$root/${name}/Items(1)/name%20eq%20name`,
    `Items?$filter=$root/../${name}/Items(1)/name%20eq%20name`,
    `Items(1)?$expand=${name}/Items`,
    `Items(1)?$expand=../${name}/Items`,
    `Items?$apply=join(${name}%20as%20x)`,
    `Items?$apply=from(${name}/Items)`,
    `$crossjoin(Items,${name}.Items)`,
    `$entity?$id=../${name}/Items(1)`,
    `$entity?$id=${root}${name}/Items(1)`,
    `$entity?$id=${origin}${root}${name}/Items(1)`,
    `Items/$ref?$id=${root}${name}/Items(1)`,
    `$metadata?$context=${root}${name}/$metadata`,
    `$metadata?$context=${origin}${root}${name}/$metadata%23Items`,
    `Items(@x)?@x=${root}${name}/Items(1)`,
    `Items?$filter=id%20eq%20@x/id&@x=%7B%22@odata.id%22:%22${root}${name}/Items(1)%22%7D`,
    `Items?$skiptoken=${skipToken}`,
    `Items?$skiptoken=${skipToken}&$top=1`,
    `Parts?$skiptoken=${skipToken}`,
    `Items?$deltatoken=${skipToken}`,
  ].map((rest) => `${root}${from}/${rest}`)

/** Requests whose address is that of `from`, and that name the data source `target` somewhere else. */
export const detours = (from: string, target: Target): readonly Variant[] => {
  const { name, origin } = target
  const path = `${root}${from}/Items(1)`
  const there = `${root}${name}/Items(1)`
  return [
    ...refused([...waysAcross(from, name), ...queriesAcross(from, name, target)]),
    ...[
      'X-Original-URL',
      'X-Rewrite-URL',
      'X-Forwarded-Uri',
      'X-Forwarded-Prefix',
      'Location',
      'Content-Location',
    ].map((header) => ({ what: `${header} of ${name}`, path, headers: { [header]: there } })),
    {
      what: `isolation and entity ids of ${name}`,
      path,
      headers: { 'OData-EntityId': `${origin}${there}`, 'OData-Isolation': 'snapshot' },
    },
    ...batches(`${root}${from}/$batch`, [
      ...waysAcross(from, name),
      ...queriesAcross(from, name, target),
      ...queriesAcross(from, name, target).map((url) => url.slice(root.length + from.length + 1)),
      there,
      there.toUpperCase(),
      `${root}${hex(name)}/Items(1)`,
      `../${name}/Items(1)`,
      `./../${name}/Items(1)`,
      `..%2F${name}%2FItems(1)`,
      `%2E%2E/${name}/Items(1)`,
      `//${new URL(origin).host}${there}`,
      `${origin}${there}`,
      `http://evil.example${there}`,
      `${origin}/api/mgmt/datasources`,
      `$0/../../${name}/Items(1)`,
      `$root/${name}/Items(1)`,
    ]),
    ...batches(`${root}${from}/../${name}/$batch`, ['Items(1)', there]),
    ...batches(`${root}${from}/%2E%2E/${name}/$batch`, ['Items(1)', there]),
    ...batches(`${root}${from}/$batch?$id=${there}`, [there]),
  ]
}
