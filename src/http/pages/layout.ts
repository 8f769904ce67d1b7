import { markAsset, styleAsset } from './assets.ts'
import { csrfField, visible } from './forms.ts'
import { attributes, type Html, html, renderHtml, type Slot } from './html.ts'
import { pagePaths } from './paths.ts'

/** What every page accepts: where the server lies when a proxy serves it below a path ('/headgate'). */
export interface PageBase {
  readonly basePath?: string
}

/** How far the gate above the card is raised; it repeats the state of the page and is decoration only. */
export type GateState = 'open' | 'ready' | 'closed'

export type AccountPage = 'applications' | 'password'

export interface Account {
  readonly user: { readonly name: string }
  readonly csrf: string
  readonly current: AccountPage
  /** Nothing but this page and signing out is open to the user. */
  readonly isConfined?: boolean
}

export interface Layout extends PageBase {
  readonly title: string
  readonly gate: GateState
  readonly content: Slot
  /** The navigation makes a page wide by itself. */
  readonly isWide?: boolean
  /** For pages with contents beside them. */
  readonly isBroad?: boolean
  /** Present on the user's own pages: shows the navigation. */
  readonly account?: Account
}

export function renderPage(layout: Layout): string {
  const base = layout.basePath ?? ''
  const width = layout.isBroad ? ' broad' : layout.isWide || layout.account ? ' wide' : ''
  return renderHtml(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<title>${visible(layout.title)} · Headgate</title>
<link rel="icon" type="image/svg+xml" href="${base + markAsset.path}">
<link rel="stylesheet" href="${base + styleAsset.path}">
</head>
<body>
${layout.account && html`<a class="skip" href="#content">Skip to content</a>`}
<header class="${layout.account ? 'top top-account' : 'top'}${width}">
<a class="brand" href="${base + pagePaths.home}"><img src="${base + markAsset.path}" alt="" width="36" height="36"><span>Headgate</span></a>
${layout.account && navigation(layout.account, base)}
</header>
<main id="content" class="card${width}" tabindex="-1">
${sluice(layout.gate)}
<div class="card-body">
${layout.content}
</div>
</main>
<footer class="foot${width}"><p>Headgate controls which applications may read your data.</p></footer>
</body>
</html>`)
}

function sluice(state: GateState): Html {
  return html`<div class="sluice sluice-${state}" aria-hidden="true"><span class="pool"></span><span class="leaf"></span><span class="stream"></span></div>`
}

function navigation(account: Account, base: string): Html {
  const link = (page: AccountPage, text: string): Html =>
    html`<li><a href="${base + pagePaths[page]}" ${attributes({ 'aria-current': page === account.current && 'page' })}>${text}</a></li>`
  return html`<nav class="nav" aria-label="Your account">
<ul>
${!account.isConfined && link('applications', 'Connected applications')}
${link('password', 'Change password')}
<li><form method="post" action="${base + pagePaths.signOut}">${csrfField(account.csrf)}<button class="nav-button" type="submit">Sign out</button></form></li>
</ul>
</nav>`
}
