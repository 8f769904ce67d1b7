import { address } from './forms.ts'
import { html } from './html.ts'
import { type PageBase, renderPage } from './layout.ts'

export interface ErrorPage extends PageBase {
  readonly title: string
  readonly message: string
  readonly whatToDo: string
  readonly requestId: string
  readonly status: number
}

/** RFC 6749 section 4.1.2.1: an unknown client or redirect is told here and leads nowhere else (T08). */
export function renderError(page: ErrorPage): string {
  return renderPage({
    ...page,
    gate: 'closed',
    content: html`<h1>${page.title}</h1>
<p class="lead">${page.message}</p>
<section class="part" aria-labelledby="what"><h2 id="what">What you can do</h2><p>${page.whatToDo}</p></section>
<dl class="facts facts-quiet">
<div><dt>Status</dt><dd>${page.status}</dd></div>
<div><dt>Request</dt><dd>${address(page.requestId)}</dd></div>
</dl>`,
  })
}
