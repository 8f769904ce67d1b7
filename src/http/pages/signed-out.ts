import { html } from './html.ts'
import { type PageBase, renderPage } from './layout.ts'
import { pagePaths } from './paths.ts'

export type SignedOutPage = PageBase

export function renderSignedOut(page: SignedOutPage = {}): string {
  const base = page.basePath ?? ''
  return renderPage({
    ...page,
    title: 'Signed out',
    gate: 'closed',
    content: html`<h1>You are signed out</h1>
<p class="lead">Nobody can use this browser to act for you here.</p>
<p>Applications that you allowed stay connected until you disconnect them.</p>
<p class="actions"><a class="button button-main button-full" href="${base + pagePaths.signIn}">Sign in again</a></p>`,
  })
}
