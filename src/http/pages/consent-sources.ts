import { foreign, tickBox } from './forms.ts'
import { attributes, type Html, html } from './html.ts'

export interface ConsentDataSource {
  readonly id: string
  readonly name: string
  readonly description?: string
  readonly storeName: string
}

export interface SourceChoice {
  readonly dataSources: readonly ConsentDataSource[]
  readonly ticked?: readonly string[]
  readonly tickNoneHref?: string
  readonly tickAllHref?: string
}

/** From this many on, the list scrolls in a frame of its own, so that the buttons stay within reach. */
const longList = 8

export function sourceChoice(choice: SourceChoice): Html {
  const count = choice.dataSources.length
  if (count === 0) {
    return html`<section class="part" aria-labelledby="sources"><h2 id="sources">Data sources</h2>
<p class="empty">You have no data sources yet, so there is nothing to read now. If you allow this without ticking the box below, the application can read nothing.</p></section>`
  }
  const isLong = count > longList
  return html`<fieldset class="sources"><legend>Data sources it may read</legend>
${isLong && html`<p class="small">${count} data sources, all in this list.</p>${tickLinks(choice)}`}
<div class="${isLong ? 'source-list source-list-long' : 'source-list'}" ${attributes({ tabindex: isLong && '0', role: isLong && 'group', 'aria-label': isLong && `List of ${count} data sources` })}>
${choice.dataSources.map((source, index) => sourceRow(source, index, choice.ticked))}
</div></fieldset>`
}

function tickLinks(choice: SourceChoice): Html | undefined {
  const { tickNoneHref, tickAllHref } = choice
  if (tickNoneHref === undefined && tickAllHref === undefined) return undefined
  return html`<p class="tick-links">${tickNoneHref !== undefined && html`<a href="${tickNoneHref}">Tick none</a>`}${tickAllHref !== undefined && html`<a href="${tickAllHref}">Tick all</a>`}</p>`
}

function sourceRow(
  source: ConsentDataSource,
  index: number,
  ticked: readonly string[] | undefined,
): Html {
  const about = source.description === undefined ? '' : source.description.trim()
  return tickBox({
    name: 'source',
    value: source.id,
    id: `source-${index}`,
    isTicked: ticked === undefined || ticked.includes(source.id),
    label: foreign(source.name),
    hint: html`${foreign(source.storeName)}${about !== '' && html` · ${foreign(about)}`}`,
  })
}
