import { address, csrfField, foreign } from './forms.ts'
import { type Html, html } from './html.ts'
import { type PageBase, renderPage } from './layout.ts'

/** Asks whether to go on to a data store's consent page. */
export interface ConnectPage extends PageBase {
  readonly action: string
  readonly csrf: string
  readonly user: { readonly name: string }
  /** The data store in words: 'Google BigQuery'. */
  readonly storeName: string
  /** The host of the data store's consent page: where the browser goes. */
  readonly host: string
  readonly applicationName: string
  readonly profile: { readonly name: string; readonly description: string }
  /** The account was connected before. */
  readonly again: boolean
}

export function renderConnect(page: ConnectPage): string {
  const heading = `Connect your account at ${page.storeName}${page.again ? ' again' : ''}?`
  return renderPage({
    ...page,
    title: heading,
    gate: 'ready',
    isWide: true,
    content: html`<h1>${heading}</h1>
<div class="account"><p>You are signed in as <strong>${foreign(page.user.name)}</strong>.</p></div>
${way(page)}
${meaning(page)}
<form method="post" action="${page.action}" class="stack">
${csrfField(page.csrf)}
${decision(page.host)}
</form>`,
  })
}

/** T76, T81: who goes where, through whose registration, and for what. */
function way({ host, applicationName, profile }: ConnectPage): Html {
  return html`<section class="part asker" aria-labelledby="way"><h2 id="way">Where you go</h2>
<dl class="facts">
<div><dt>You go on to</dt><dd>${address(host)}</dd></div>
<div><dt>OAuth application</dt><dd>${foreign(applicationName)}</dd></div>
<div><dt>OAuth profile</dt><dd>${foreign(profile.name)}</dd></div>
${profile.description !== '' && html`<div><dt>Its description</dt><dd>${foreign(profile.description)}</dd></div>`}
</dl>
<p class="unverified"><strong class="badge">Take care</strong> Go on only if you have asked for this link yourself.</p></section>`
}

function meaning({ host, again, profile, storeName }: ConnectPage): Html {
  const kept = again
    ? html`The tokens of <strong>${foreign(profile.name)}</strong> are replaced. It must be the same account as before.`
    : html`Your data sources can then use <strong>${foreign(profile.name)}</strong> to read ${storeName} for you.`
  return html`<section class="part" aria-labelledby="meaning"><h2 id="meaning">What happens</h2>
<ul class="points">
<li>You sign in at ${address(host)}, which says what is asked for. Headgate never sees your password there.</li>
<li>Then you come back here, in this browser, within 20 minutes.</li>
<li>${kept}</li>
<li>The tokens are kept sealed. You can take the access back at ${storeName} at any time.</li>
</ul></section>`
}

/** Cancel comes first: the first button of a form is the one that a key may press. */
function decision(host: string): Html {
  return html`<div class="decision decision-long">
<button class="button" type="submit" name="decision" value="cancel">Cancel</button>
<button class="button button-main" type="submit" name="decision" value="continue"><span>Continue to ${address(host)}</span></button>
</div>`
}
