import { type Html, html, type Slot } from './html.ts'

/** Text with `code` in backticks, as API descriptions write it. */
export function prose(text: string): readonly Slot[] {
  return text.split('`').map((part, i) => (i % 2 === 0 ? part : html`<code>${part}</code>`))
}

/** A name or a path, to be broken where a part of it ends: at a capital, or behind a mark. */
export function breakable(text: string): Html {
  const parts = text.split(/(?<=[./_\]-])(?=.)|(?<=[a-z])(?=[A-Z{])/)
  return html`<code>${parts.map((part, i) => [i > 0 && html`<wbr>`, part])}</code>`
}

export interface Table {
  readonly kind: 'fields' | 'refusals'
  readonly labelledBy: string
  readonly columns: readonly string[]
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly Slot[])[]
}

export function table({ kind, labelledBy, columns, rows }: Table): Html {
  return html`<table class="${kind === 'fields' ? 'fields' : 'fields refusals'}" aria-labelledby="${labelledBy}">
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map(([first, ...rest]) => html`<tr><th scope="row">${first}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table>`
}

/** Folds away what is long, so that the next thing is not pushed off the page. */
export function foldable(summary: Slot, content: Slot, isLong: boolean): Html {
  if (!isLong) return html`${content}`
  return html`<details><summary>${summary}</summary>${content}</details>`
}
