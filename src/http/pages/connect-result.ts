import { address, foreign, noticeBox, problemBox, titleOf, warningBox } from './forms.ts'
import { html } from './html.ts'
import { type PageBase, renderPage } from './layout.ts'

/** What became of connecting an account, or why nothing does. */
export interface ConnectResultPage extends PageBase {
  readonly kind: 'done' | 'waiting' | 'problem'
  readonly title: string
  /** What happened, in a sentence or two. */
  readonly message: string
  /** What must be known although it worked. */
  readonly warning?: { readonly title: string; readonly text: string }
  readonly whatToDo?: string
  readonly profileName?: string
  /** The data store's own error code. */
  readonly code?: string
  readonly signIn?: { readonly href: string; readonly label: string }
}

const gates = { done: 'open', waiting: 'ready', problem: 'closed' } as const

export function renderConnectResult(page: ConnectResultPage): string {
  return renderPage({
    ...page,
    title: titleOf(page.title, page.kind === 'problem' ? page.title : undefined),
    gate: gates[page.kind],
    content: html`<h1>${page.title}</h1>
${page.kind === 'problem' ? problemBox(page.message) : page.kind === 'done' ? noticeBox(page.message) : html`<p class="lead">${page.message}</p>`}
${page.warning && warningBox(page.warning.title, page.warning.text)}
${page.whatToDo !== undefined && html`<section class="part" aria-labelledby="what"><h2 id="what">What you can do</h2><p>${page.whatToDo}</p></section>`}
${facts(page)}
${page.signIn && html`<p class="actions"><a class="button button-full" href="${(page.basePath ?? '') + page.signIn.href}">${page.signIn.label}</a></p>`}`,
  })
}

function facts({ profileName, code }: ConnectResultPage) {
  if (profileName === undefined && code === undefined) return undefined
  return html`<dl class="facts facts-quiet">
${profileName !== undefined && html`<div><dt>OAuth profile</dt><dd>${foreign(profileName)}</dd></div>`}
${code !== undefined && html`<div><dt>The data store says</dt><dd>${address(code)}</dd></div>`}
</dl>`
}
