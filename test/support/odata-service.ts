import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Source } from '#connectors/connector.ts'
import { parseODataOptions } from '#connectors/odata-options.ts'
import { createConnectorRegistry } from '#connectors/registry.ts'
import { createAddressPolicy } from '#egress/address-policy.ts'
import { createODataService, renderODataError } from '#http/odata/answer.ts'
import type { ODataAnswer } from '#http/odata/service-answer.ts'
import type { CursorSealer, ODataRequest } from '#http/odata/service.ts'
import { versionOfRefusal } from '#http/odata/versions.ts'

/** Where the service of these tests says that it is. */
export const serviceRoot = 'https://data.example/api/odata4/shop'

let sealed = 0
/** Seals so that no two tokens are alike, as the real one does. */
const sealer: CursorSealer = {
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
}

export type ShopAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly json: () => Record<string, unknown>
}

/** An OData service over a source, without a server around it. */
export const serviceOver = (
  source: Source,
  options: Readonly<Record<string, string>> = {},
  clock?: () => number,
) => {
  const service = createODataService({
    source,
    sourceId: '7',
    namespace: 'shop',
    settings: parseODataOptions(options),
    sealer,
    serviceRoot,
    ...(clock === undefined ? {} : { clock }),
  })

  /** Throws refusals. */
  const answerTo = (request: ODataRequest): Promise<ODataAnswer> =>
    service.answer(
      request,
      { userId: 'u', limits: { rows: Infinity, pageSize: 2000 } },
      new AbortController().signal,
    )

  /** `url` begins below the service root. */
  const ask = async (url: string, request: ShopRequest = {}): Promise<ShopAnswer> => {
    const { headers = {}, method = 'GET' } = request
    const [path = '', ...query] = url.split('?')
    const answer = await answerTo({ method, path, query: query.join('?'), headers }).catch(
      (error: unknown) => renderODataError(error, versionOfRefusal(headers)),
    )
    let text = ''
    if (typeof answer.body === 'string') text = answer.body
    else for await (const chunk of answer.body) text += chunk
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      json: () => JSON.parse(text) as Record<string, unknown>,
    }
  }
  return { ask, answer: answerTo }
}

/** The same over an SQLite file that `statements` fill. */
export const openShop = async (
  statements: string,
  more: Readonly<Record<string, string>> = {},
  clock?: () => number,
) => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-shop-'))
  const database = new DatabaseSync(join(directory, 'shop.db'))
  database.exec(statements)
  database.close()
  const registry = createConnectorRegistry()
  const connector = registry.find(5001)
  if (connector === undefined) throw new Error('there is no connector for SQLite')
  const options = { Database: 'shop.db', ...more }
  const source = await connector.open(options, {
    filesDirectory: directory,
    addresses: createAddressPolicy([]),
  })

  const close = async (): Promise<void> => {
    await source.close()
    await registry.close()
    rmSync(directory, { recursive: true })
  }

  return {
    ...serviceOver(source, options, clock),
    change: changer(join(directory, 'shop.db')),
    close,
  }
}

const changer =
  (file: string) =>
  async (statements: string): Promise<void> => {
    // Reads share a lock until their turn of the event loop is over; nobody can write before that.
    await new Promise((resolve) => setImmediate(resolve))
    const database = new DatabaseSync(file, { timeout: 5000 })
    database.exec(statements)
    database.close()
  }

export type Shop = Awaited<ReturnType<typeof openShop>>
