import {
  csrfField,
  field,
  foreign,
  noticeBox,
  problemBox,
  problemId,
  tickBox,
  titleOf,
} from './forms.ts'
import { type Html, html } from './html.ts'
import { type PageBase, renderPage } from './layout.ts'
import { pagePaths } from './paths.ts'

export interface ChangePasswordPage extends PageBase {
  readonly user: { readonly name: string }
  readonly csrf: string
  readonly action: string
  /** Where the offer after a change posts to disconnect every application. */
  readonly disconnectAllAction: string
  /** What a new password must be, each in a few words: '12 to 128 characters'. */
  readonly rules: readonly string[]
  /** The current password is not asked for (configuration 2). */
  readonly withoutCurrent?: boolean
  /** The user can go on only with a new password; an application may be waiting. */
  readonly forced?: { readonly applicationName?: string }
  readonly problem?: string
  readonly done?: boolean
  /** Applications are already disconnected, so nothing is left to offer. */
  readonly disconnected?: boolean
}

export function renderChangePassword(page: ChangePasswordPage): string {
  return renderPage({
    ...page,
    title: page.done ? 'Password changed' : titleOf(headingOf(page), page.problem),
    gate: page.done ? 'open' : 'ready',
    account: {
      user: page.user,
      csrf: page.csrf,
      current: 'password',
      isConfined: page.forced !== undefined,
    },
    content: page.done ? changed(page) : form(page),
  })
}

const headingOf = (page: ChangePasswordPage): string =>
  page.forced === undefined ? 'Change password' : 'Choose a new password'

function reason({ applicationName }: { readonly applicationName?: string }): Html {
  const next =
    applicationName === undefined
      ? html`Then you can go on.`
      : html`Then you go on to <strong>${foreign(applicationName)}</strong>.`
  return html`<p class="lead">Your password was given to you for the first time only, or it has expired. Choose one that nobody else knows. ${next}</p>`
}

function currentField(describedBy: string | undefined): Html {
  return field({
    name: 'currentPassword',
    label: 'Current password',
    type: 'password',
    autocomplete: 'current-password',
    hasFocus: true,
    describedBy,
  })
}

function form(page: ChangePasswordPage): Html {
  const problem = page.problem === undefined ? '' : `${problemId} `
  return html`<h1>${headingOf(page)}</h1>
${page.forced && reason(page.forced)}
${problemBox(page.problem)}
<form method="post" action="${page.action}" class="stack account-form">
${csrfField(page.csrf)}
<input type="text" name="username" value="${page.user.name}" autocomplete="username" hidden>
${!page.withoutCurrent && currentField(problem.trim() || undefined)}
${field({
  name: 'newPassword',
  label: 'New password',
  type: 'password',
  autocomplete: 'new-password',
  hasFocus: page.withoutCurrent ?? false,
  describedBy: `${problem}rules`,
})}
<ul class="rules" id="rules">${page.rules.map((rule) => html`<li>${rule}</li>`)}</ul>
${field({ name: 'repeatPassword', label: 'New password again', type: 'password', autocomplete: 'new-password' })}
<div class="later">${tickBox({
    name: 'disconnect',
    value: 'yes',
    id: 'disconnect',
    isTicked: false,
    label: 'Also disconnect all applications',
    hint: 'Choose this if somebody else may know your password. Each application has to ask you again.',
  })}</div>
<button class="button button-main" type="submit">Change password</button>
</form>
<p class="small">You stay signed in here. Every other browser is signed out.</p>`
}

function changed(page: ChangePasswordPage): Html {
  const applications = (page.basePath ?? '') + pagePaths.applications
  return html`<h1>Password changed</h1>
${noticeBox(
  page.disconnected
    ? 'Your new password is in force, other browsers are signed out, and all applications are disconnected.'
    : 'Your new password is in force, and other browsers are signed out.',
)}
${!page.disconnected && offer(page)}
<p><a class="more" href="${applications}">See your connected applications</a></p>`
}

function offer(page: ChangePasswordPage): Html {
  return html`<section class="part" aria-labelledby="offer"><h2 id="offer">Your applications stay connected</h2>
<p>If somebody else knew your password, they may have allowed an application of their own. You can disconnect all of them now; each has to ask you again.</p>
<form method="post" action="${page.disconnectAllAction}">${csrfField(page.csrf)}<button class="button button-warn" type="submit">Disconnect all applications</button></form></section>`
}
