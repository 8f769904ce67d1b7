import { asker } from './consent-asker.ts'
import type { ConsentPage } from './consent-model.ts'
import { sourceChoice } from './consent-sources.ts'
import { csrfField, foreign, problemBox, tickBox, titleOf } from './forms.ts'
import { type Html, html } from './html.ts'
import { renderPage } from './layout.ts'

export function renderConsent(page: ConsentPage): string {
  return renderPage({
    ...page,
    title: titleOf(`Allow ${page.application.name} to read your data?`, page.problem),
    gate: 'ready',
    isWide: true,
    content: html`<h1>Allow ${foreign(page.application.name)} to read your data?</h1>
${account(page)}
${problemBox(page.problem)}
${asker(page)}
<section class="part" aria-labelledby="scope"><h2 id="scope">What it asks for</h2>
<p><strong>${page.scopeInWords}.</strong> It reads tables and rows of the data sources you tick. It cannot change anything.</p></section>
<form method="post" action="${page.action}" class="stack">
${csrfField(page.csrf)}
${sourceChoice(page)}
${later(page)}
${meaning()}
${decision()}
</form>`,
  })
}

function account(page: ConsentPage): Html {
  return html`<div class="account"><p>You are signed in as <strong>${foreign(page.user.name)}</strong>.</p>
<form method="post" action="${page.switchAccountAction}">${csrfField(page.csrf)}<button class="link-button" type="submit">Use another account</button></form></div>`
}

function later(page: ConsentPage): Html {
  return html`<div class="later">${tickBox({
    name: 'later',
    value: 'yes',
    id: 'later',
    isTicked: page.laterTicked,
    label: 'Also those I add later',
    hint: 'Every data source you get in future can then be read without asking you again.',
  })}</div>`
}

function meaning(): Html {
  return html`<section class="part" aria-labelledby="meaning"><h2 id="meaning">If you allow this</h2>
<ul class="points">
<li>It reads only what you can read yourself, also while you are away.</li>
<li>It never sees your password.</li>
<li>You can disconnect it at any time under <em>Connected applications</em>.</li>
</ul></section>`
}

/**
 * Deny comes first in the document: the Enter key in a tick box submits the first button of a form,
 * and must not give access. Both have the same size and stand on the same line at any width.
 */
function decision(): Html {
  return html`<div class="decision">
<button class="button" type="submit" name="decision" value="deny">Deny</button>
<button class="button button-main" type="submit" name="decision" value="allow">Allow</button>
</div>`
}
