import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Source } from '#connectors/connector.ts'
import { parseODataOptions } from '#connectors/odata-options.ts'
import { createConnectorRegistry } from '#connectors/registry.ts'
import { createAddressPolicy } from '#egress/address-policy.ts'
import { createODataService, renderODataError } from '#http/odata/answer.ts'
import { isStream, type ODataAnswer } from '#http/odata/service-answer.ts'
import type { CursorSealer, ODataContext, ODataRequest } from '#http/odata/service.ts'
import { versionOfRefusal } from '#http/odata/versions.ts'

/** Where the service of these tests says that it is. */
export const serviceRoot = 'https://data.example/api/odata4/shop'

let sealed = 0
/** Seals so that no two tokens are alike, as the real one does. */
export const testSealer: CursorSealer = {
  seal: (text, context) =>
    Buffer.from(JSON.stringify([text, context, ++sealed])).toString('base64url'),
  open: (token, context) => {
    try {
      const [text, of] = JSON.parse(Buffer.from(token, 'base64url').toString()) as string[]
      return of === context ? text : undefined
    } catch {
      return undefined
    }
  },
}

export type ShopRequest = {
  readonly headers?: Record<string, string>
  readonly method?: string
  /** The limit MaxFetchRows. */
  readonly rows?: number
}

export type ShopAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly bytes: Uint8Array | undefined
  readonly json: () => Record<string, unknown>
}

/** What is not as usual with a service. */
export type ShopSettings = {
  /** Options of the data source. */
  readonly options?: Readonly<Record<string, string>>
  /** The source that the service gets instead of the one that was opened. */
  readonly wrap?: (source: Source) => Source
  readonly context?: Partial<ODataContext>
  /** The time of day, in milliseconds since 1970. */
  readonly clock?: () => number
}

/** An OData service over a source, without a server around it. */
export const serviceOver = (source: Source, settings: ShopSettings = {}) => {
  const { options = {}, clock } = settings
  const service = createODataService({
    source: settings.wrap?.(source) ?? source,
    sourceId: '7',
    namespace: 'shop',
    settings: parseODataOptions(options),
    sealer: testSealer,
    serviceRoot,
    ...(clock === undefined ? {} : { clock }),
  })

  /** Throws refusals. */
  const answerTo = (request: ODataRequest, rows = Infinity): Promise<ODataAnswer> =>
    service.answer(
      request,
      { userId: 'u', limits: { rows, pageSize: 2000 }, ...settings.context },
      new AbortController().signal,
    )

  /** `url` begins below the service root. Throws what breaks a stream. */
  const ask = async (url: string, request: ShopRequest = {}): Promise<ShopAnswer> => {
    const { headers = {}, method = 'GET', rows } = request
    const [path = '', ...query] = url.split('?')
    const answer = await answerTo({ method, path, query: query.join('?'), headers }, rows).catch(
      (error: unknown) => renderODataError(error, versionOfRefusal(headers)),
    )
    const { body } = answer
    let text = ''
    if (isStream(body)) for await (const chunk of body) text += chunk
    else text = typeof body === 'string' ? body : Buffer.from(body).toString()
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      /** The body as bytes, where it is some. */
      bytes: body instanceof Uint8Array ? body : undefined,
      json: () => JSON.parse(text) as Record<string, unknown>,
    }
  }
  return { ask, answer: answerTo }
}

/** The same over an SQLite file that `statements` fill. */
export const openShop = async (statements: string, settings: ShopSettings = {}) => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-shop-'))
  const database = new DatabaseSync(join(directory, 'shop.db'))
  database.exec(statements)
  database.close()
  const registry = createConnectorRegistry()
  const connector = registry.find(5001)
  if (connector === undefined) throw new Error('there is no connector for SQLite')
  const options = { ...settings.options, Database: 'shop.db' }
  const source = await connector.open(options, {
    filesDirectory: directory,
    addresses: createAddressPolicy([]),
  })

  const change = (more: string) => changeDatabase(join(directory, 'shop.db'), more)

  const close = async (): Promise<void> => {
    await source.close()
    await registry.close()
    rmSync(directory, { recursive: true })
  }

  return { ...serviceOver(source, { ...settings, options }), change, close }
}

/** Changes an SQLite file that a source reads at the same time. */
export const changeDatabase = async (file: string, statements: string): Promise<void> => {
  // Reads share a lock until their turn of the event loop is over; nobody can write before that.
  await new Promise((resolve) => setImmediate(resolve))
  const database = new DatabaseSync(file, { timeout: 5000 })
  database.exec(statements)
  database.close()
}

export type Shop = Awaited<ReturnType<typeof openShop>>
