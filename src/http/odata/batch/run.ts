// The requests of a batch, one after another.
import { badRequest, notSupported, ODataError } from '#odata/errors.ts'
import { renderODataError, type ODataAnswer } from '../service-answer.ts'
import type { ODataRequest } from '../service.ts'
import { versionOfRefusal } from '../versions.ts'
import type { BatchItem, BatchRequest } from './item.ts'
import { type BatchPlace, resolveTarget } from './target.ts'

export type BatchDeps = {
  readonly answer: (request: ODataRequest) => Promise<ODataAnswer>
  readonly place: BatchPlace
  /** The headers of the batch itself. */
  readonly outer: ODataRequest['headers']
  /** What the batch itself was sent with. */
  readonly authorization: string | undefined
  readonly continueOnError: boolean
  /** Told of each request that could not be answered. */
  readonly refused: (status: number, error: unknown) => void
  readonly signal: AbortSignal
}

export type Outcome = { readonly item: BatchItem; readonly answer: ODataAnswer }

// OData 4.01 Protocol 11.7.2: no part has credentials of its own, or what would change how its message is read.
const forbidden = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'expect',
  'from',
  'max-forwards',
  'range',
  'te',
  'transfer-encoding',
]

/** OpenUI5 repeats the credentials of the batch in each part: they say nothing new, and are not looked at. */
const isRepeated = (name: string, value: string | undefined, { authorization }: BatchDeps) =>
  name === 'authorization' && value === authorization

const checkHeaders = ({ headers }: BatchRequest, deps: BatchDeps): void => {
  const wrong = forbidden.find(
    (name) => headers.has(name) && !isRepeated(name, headers.get(name), deps),
  )
  if (wrong !== undefined)
    throw badRequest(`A request in a batch has no header ${wrong}; send it with the batch.`)
}

/** The version and the time zone are the whole batch's; formats and preferences are each request's own. */
const headersOf = (
  { headers }: BatchRequest,
  outer: BatchDeps['outer'],
): ODataRequest['headers'] => ({
  accept: headers.get('accept'),
  prefer: headers.get('prefer'),
  'if-none-match': headers.get('if-none-match'),
  'ddcloud-timezone': headers.get('ddcloud-timezone') ?? outer['ddcloud-timezone'],
  'odata-version': headers.get('odata-version') ?? outer['odata-version'],
  'odata-maxversion': headers.get('odata-maxversion') ?? outer['odata-maxversion'],
})

/** `$1/Items` means what another request has made or found (OData 4.01 Protocol 11.7.3.1). */
const checkReference = (path: string, ids: ReadonlySet<string>): void => {
  const [, id = ''] = /^\/\$([^/?(]+)/.exec(path) ?? []
  if (ids.has(id)) throw notSupported('references to other requests of the batch')
}

const createRunner = (deps: BatchDeps) => {
  const ids = new Set<string>()
  const failed = new Set<string>()

  const checkDependencies = ({ dependsOn }: BatchItem): void => {
    if (dependsOn.some((id) => !ids.has(id)))
      throw badRequest('dependsOn names requests that stand before this one.')
    if (dependsOn.some((id) => failed.has(id)))
      throw new ODataError('failed-dependency', 'A request that this one depends on has failed.')
  }

  const answer = async (item: BatchItem): Promise<ODataAnswer> => {
    const { content } = item
    if (content instanceof ODataError) throw content
    checkDependencies(item)
    checkHeaders(content, deps)
    const { path, query } = resolveTarget(content.target, deps.place)
    checkReference(path, ids)
    const headers = headersOf(content, deps.outer)
    return deps.answer({ method: content.method, path, query, headers })
  }

  return async (item: BatchItem): Promise<ODataAnswer> => {
    let found: ODataAnswer
    try {
      found = await answer(item)
    } catch (error) {
      // Nobody reads on: what the end of the client has broken is no failure of the request.
      deps.signal.throwIfAborted()
      found = renderODataError(error, versionOfRefusal(deps.outer))
      deps.refused(found.status, error)
    }
    if (item.id !== undefined) ids.add(item.id)
    if (item.id !== undefined && found.status >= 400) failed.add(item.id)
    return found
  }
}

/**
 * Answers request after request; the next one begins when the last one's body was taken. The first refusal ends it,
 * unless the client prefers to go on (OData 4.01 Protocol 8.2.8.3).
 */
export const runBatch = async function* (
  items: readonly BatchItem[],
  deps: BatchDeps,
): AsyncGenerator<Outcome> {
  const run = createRunner(deps)
  for (const item of items) {
    deps.signal.throwIfAborted()
    const answer = await run(item)
    yield { item, answer }
    if (answer.status >= 400 && !deps.continueOnError) return
  }
}
