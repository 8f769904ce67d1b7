import { type ApiDocument, methods, type Tag } from '../openapi/types.ts'
import { type Html, html } from './html.ts'
import { type PageBase, renderPage } from './layout.ts'
import { pagePaths } from './paths.ts'
import {
  codeOf,
  type PlacedOperation,
  refusalColumns,
  renderOperation,
} from './reference-operation.ts'
import { foldable, prose, table } from './reference-parts.ts'

export interface ReferencePage extends PageBase {
  readonly document: ApiDocument
}

interface Noun {
  readonly tag: Tag
  readonly id: string
  readonly operations: readonly PlacedOperation[]
}

function nounsOf({ paths, tags }: ApiDocument): readonly Noun[] {
  const placed = Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method): readonly PlacedOperation[] => {
      const operation = item[method]
      return operation === undefined ? [] : [{ path, method, operation }]
    }),
  )
  return tags.map((tag) => ({
    tag,
    id: `noun-${tag.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`,
    operations: placed.filter(({ operation }) => operation.tags[0] === tag.name),
  }))
}

/** The reference page, made of the API description alone: whatever is described there stands here. */
export function renderReference({ document, ...page }: ReferencePage): string {
  const nouns = nounsOf(document)
  const base = page.basePath ?? ''
  return renderPage({
    ...page,
    title: 'API reference',
    gate: 'open',
    isBroad: true,
    content: html`<h1>API reference</h1>
<p class="lead">Headgate ${document.info.version}, as this server answers.</p>
<p><a class="more" href="${base + pagePaths.openApi}">The same as an OpenAPI 3.1 document</a></p>
${document.info.description.split('\n\n').map((paragraph) => html`<p class="paragraph">${prose(paragraph)}</p>`)}
<div class="reference">
${contents(nouns)}
<div class="operations" id="operations" tabindex="-1">
${nouns.map((noun) => section(document, noun))}
${catalogue(document)}
</div>
</div>`,
  })
}

function contents(nouns: readonly Noun[]): Html {
  return html`<nav class="contents" aria-labelledby="contents">
<a class="skip" href="#operations">Skip the contents</a>
<h2 id="contents">Contents</h2>
<ul>${nouns.map(
    ({ tag, id, operations }) => html`<li><details><summary>${tag.name}</summary>
<ul><li><a href="${`#${id}`}">About ${tag.name.toLowerCase()}</a></li>
${operations.map(({ operation }) => html`<li><a href="${`#${operation.operationId}`}">${prose(operation.summary)}</a></li>`)}</ul></details></li>`,
  )}<li><a href="#refusals">All refusals</a></li></ul>
</nav>`
}

function section(document: ApiDocument, { tag, id, operations }: Noun): Html {
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${tag.name}</h2>
<p class="small">${prose(tag.description)}</p>
${operations.map((placed) => renderOperation(document, placed))}
</section>`
}

/** Every row once, by its number; an API that prints numbers as strings has the same ones. */
function catalogue({ components }: ApiDocument): Html {
  const rows = Object.values(components.examples)
    .filter(({ value }) => !isText(value))
    .map((each) => ({ code: codeOf(each.value), status: each['x-status'], text: each.summary }))
    .sort((a, b) => a.code.localeCompare(b.code) || a.status - b.status)
    .map(({ code, status, text }) => [status, code, text] as const)
  const content = table({ kind: 'refusals', labelledBy: 'refusals', columns: refusalColumns, rows })
  return html`<section aria-labelledby="refusals">
<h2 id="refusals">All refusals</h2>
<p class="small">What the management endpoints refuse, by number. An answer may say more than this: what exactly was wrong, and what to change.</p>
${foldable(`${rows.length} refusals`, content, true)}
</section>`
}

function isText(value: unknown): boolean {
  return typeof (value as { error?: { code?: unknown } }).error?.code === 'string'
}
