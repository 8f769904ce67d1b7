import { address, csrfField, field, foreign, problemBox, problemId, titleOf } from './forms.ts'
import { type Html, html } from './html.ts'
import { type PageBase, renderPage } from './layout.ts'

export interface SignInPage extends PageBase {
  readonly action: string
  readonly csrf: string
  /** Present when an application sent the user here. */
  readonly flow?: { readonly applicationName: string; readonly redirectHost: string }
  /** What it is for, where no application sent the user here. */
  readonly lead?: string
  readonly username?: string
  readonly problem?: string
}

export function renderSignIn(page: SignInPage): string {
  const describedBy = page.problem === undefined ? undefined : problemId
  const knowsName = page.username !== undefined && page.username !== ''
  return renderPage({
    ...page,
    title: titleOf('Sign in', page.problem),
    gate: 'closed',
    content: html`<h1>Sign in</h1>
${page.flow ? reason(page.flow) : html`<p class="lead">${page.lead ?? 'See and manage the applications that may read your data.'}</p>`}
${problemBox(page.problem)}
<form method="post" action="${page.action}" class="stack">
${csrfField(page.csrf)}
${field({
  name: 'username',
  label: 'User name',
  type: 'text',
  autocomplete: 'username',
  maxLength: 128,
  value: page.username ?? '',
  hasFocus: !knowsName,
  describedBy,
})}
${field({
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'current-password',
  hasFocus: knowsName,
  describedBy,
})}
<button class="button button-main button-full" type="submit">Sign in</button>
</form>
${page.flow && html`<p class="small">Your password stays here. The application never sees it.</p>`}`,
  })
}

function reason(flow: { applicationName: string; redirectHost: string }): Html {
  return html`<p class="lead"><strong>${foreign(flow.applicationName)}</strong> asks to read your data and will send you back to ${address(flow.redirectHost)}. Sign in first; you decide on the next page.</p>`
}
