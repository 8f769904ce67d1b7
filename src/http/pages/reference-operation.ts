import { curlOf } from '../openapi/curl.ts'
import { notesOf, schemaRows, type SchemaRow, typeInWords } from '../openapi/schema-rows.ts'
import type {
  ApiDocument,
  ApiParameter,
  ApiResponse,
  Media,
  Operation,
  Security,
} from '../openapi/types.ts'
import { type Html, html, type Slot } from './html.ts'
import { breakable, foldable, prose, table } from './reference-parts.ts'

export interface PlacedOperation {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}

/** Tables of more lines than this are folded away. */
const longest = 8

const schemeWords: Readonly<Record<string, string>> = {
  basic: 'user name and password (HTTP Basic)',
  bearer: 'an access token (Bearer)',
  client: 'client id and secret (HTTP Basic, or in the body)',
}

function credentials(security: readonly Security[]): string {
  const ways = security.flatMap((way) => Object.keys(way).map((name) => schemeWords[name] ?? name))
  return ways.length === 0 ? 'Needs no credentials.' : `Takes ${ways.join(', or ')}.`
}

function notes(list: readonly string[]): Slot {
  return list.map((note, i) => html`${i > 0 && '; '}${prose(note)}`)
}

const places = { path: 'in the path', query: 'in the query', header: 'as a header' } as const

function parameterCells(parameter: ApiParameter): readonly Slot[] {
  const { name, required, description, schema } = parameter
  return [
    named(name, required === true && 'required'),
    html`${typeInWords(schema)}, ${places[parameter.in]} – ${notes([description, ...notesOf(schema)])}`,
  ]
}

function named(name: string, remark: string | false): Html {
  return html`${breakable(name)}${remark !== false && html` <span class="needed">${remark}</span>`}`
}

/** `remark` is what a field is that must be there: required of who asks, always there in an answer. */
function fieldCells({ name, type, required, notes: said }: SchemaRow, remark: string) {
  return [
    name === '' ? 'The whole body' : named(name, required && remark),
    html`${type}${said.length > 0 && ' – '}${notes(said)}`,
  ]
}

const fieldColumns = ['Name', 'What it is']

function parameters({ operationId, parameters: list = [] }: Operation): Slot {
  if (list.length === 0) return undefined
  const id = `${operationId}-parameters`
  const rows = list.map(parameterCells)
  return html`<h4 id="${id}">Parameters</h4>${table({ kind: 'fields', labelledBy: id, columns: fieldColumns, rows })}`
}

function fields(id: string, media: Media, remark: string): Html {
  const rows = schemaRows(media.schema)
  const cells = rows.map((row) => fieldCells(row, remark))
  const content = table({ kind: 'fields', labelledBy: id, columns: fieldColumns, rows: cells })
  return foldable(`${rows.length} fields`, content, rows.length > longest)
}

function body({ operationId, requestBody }: Operation): Slot {
  const types = Object.entries(requestBody?.content ?? {})
  const [, media] = types[0] ?? []
  if (media === undefined) return undefined
  const id = `${operationId}-body`
  return html`<h4 id="${id}">Body</h4><p class="small">${types.map(([type]) => type).join(' or ')}</p>${fields(id, media, 'required')}`
}

function success(operation: Operation): Slot {
  return responsesOf(operation, (status) => status < 400).map(([status, response]) => {
    const id = `${operation.operationId}-${status}`
    const [[type, media] = []] = Object.entries(response.content ?? {})
    return html`<h4 id="${id}">Answer ${status}</h4><p class="small">${prose(response.description)}${type !== undefined && html` <code>${type}</code>`}</p>${media !== undefined && fields(id, media, 'always')}`
  })
}

function responsesOf(
  { responses }: Operation,
  fits: (status: number) => boolean,
): readonly (readonly [string, ApiResponse])[] {
  return Object.entries(responses).filter(([status]) => fits(Number(status)))
}

/** The rows of the catalogue that a response refers to; none for the protocols, which have words instead. */
function refusalRows(document: ApiDocument, status: string, response: ApiResponse) {
  const references = Object.values(response.content ?? {}).flatMap(({ examples = {} }) =>
    Object.values(examples),
  )
  const rows = references.flatMap(({ $ref }): (readonly Slot[])[] => {
    const example = document.components.examples[$ref.slice($ref.lastIndexOf('/') + 1)]
    return example === undefined ? [] : [[status, codeOf(example.value), example.summary]]
  })
  return rows.length > 0 ? rows : [[status, '–', prose(response.description)]]
}

/** The number in HDP's envelope. */
export function codeOf(value: unknown): string {
  const { code = '' } = (value as { error?: { code?: string | number } }).error ?? {}
  return String(code)
}

export const refusalColumns = ['Status', 'Code', 'What it says']

function refusals(document: ApiDocument, operation: Operation): Slot {
  const rows = responsesOf(operation, (status) => status >= 400).flatMap(([status, response]) =>
    refusalRows(document, status, response),
  )
  if (rows.length === 0) return undefined
  const id = `${operation.operationId}-refusals`
  const content = table({ kind: 'refusals', labelledBy: id, columns: refusalColumns, rows })
  return html`<h4 id="${id}">Refusals</h4>${foldable(`${rows.length} refusals`, content, true)}`
}

function example(document: ApiDocument, { path, method, operation }: PlacedOperation): Html {
  const [{ url }] = document.servers
  const id = `${operation.operationId}-example`
  return html`<h4 id="${id}">Example</h4><pre><code>${curlOf(url, path, method, operation)}</code></pre>`
}

export function renderOperation(document: ApiDocument, placed: PlacedOperation): Html {
  const { path, method, operation } = placed
  const { operationId, summary, description, security } = operation
  return html`<article class="operation" id="${operationId}" aria-labelledby="${operationId}-title">
<h3 id="${operationId}-title">${prose(summary)}</h3>
<p class="request"><span class="method method-${method}">${method.toUpperCase()}</span> ${breakable(path)}</p>
${description !== undefined && html`<p>${prose(description)}</p>`}
<p class="small">${credentials(security)}</p>
${parameters(operation)}
${body(operation)}
${success(operation)}
${refusals(document, operation)}
${example(document, placed)}
</article>`
}
