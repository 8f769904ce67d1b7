import { foreign } from './forms.ts'
import { html } from './html.ts'
import { type PageBase, renderPage } from './layout.ts'
import { pagePaths } from './paths.ts'

export interface HomePage extends PageBase {
  /** Present when somebody is signed in. */
  readonly user?: { readonly name: string }
}

export function renderHome(page: HomePage = {}): string {
  const base = page.basePath ?? ''
  return renderPage({
    ...page,
    title: 'Your data, by your leave',
    gate: 'open',
    content: html`<h1>Your data, by your leave</h1>
<p class="lead">This server lets applications read company data: only with your permission, only what you choose, and only until you say stop.</p>
${page.user && html`<p>You are signed in as <strong>${foreign(page.user.name)}</strong>.</p>`}
<p class="actions">
${!page.user && html`<a class="button button-main button-full" href="${base + pagePaths.signIn}">Sign in</a>`}
<a class="${page.user ? 'button button-main button-full' : 'button button-full'}" href="${base + pagePaths.applications}">Connected applications</a>
</p>
<section class="part" aria-labelledby="developers"><h2 id="developers">For developers and operators</h2>
<ul class="links">
<li><a href="${base + pagePaths.reference}">API reference</a><span class="small">every endpoint, its fields and refusals</span></li>
<li><a href="${base + pagePaths.metadata}">Authorization server metadata</a><span class="small">endpoints and abilities, RFC 8414</span></li>
<li><a href="${base + pagePaths.health}">Health check</a><span class="small">whether the server is ready</span></li>
</ul></section>`,
  })
}
