import type { ConsentPage } from './consent-model.ts'
import { address, foreign, warningBox } from './forms.ts'
import { type Html, html } from './html.ts'
import { day } from './time.ts'

/** RFC 9700 section 4.15 (T16): who asks, how far that is known, and where the answer goes. */
export function asker(page: ConsentPage): Html {
  const { application } = page
  return html`<section class="part asker" aria-labelledby="asker"><h2 id="asker">Who asks</h2>
${application.description !== undefined && application.description !== '' && html`<p class="quote">${foreign(application.description)}</p>`}
<dl class="facts">
<div><dt>Sends you back to</dt><dd>${destination(page)}</dd></div>
<div><dt>Registered by</dt><dd>${foreign(application.ownerName)} on ${day(application.registeredAt)}</dd></div>
</dl>
<p class="unverified"><strong class="badge">Not verified</strong> The name and the description were chosen by the person who registered the application. Allow it only if you started this yourself.</p>
${returnWarning(page)}
</section>`
}

function destination(page: ConsentPage): Html {
  if (page.customScheme === undefined) return address(page.redirectHost)
  return html`an app on this device that opens ${address(`${page.customScheme}:`)} links`
}

function returnWarning(page: ConsentPage): Html | undefined {
  if (page.loopback) {
    return warningBox(
      'This sends you back to a program on this computer.',
      'Any program running here can receive it. Go on only if you have just started one yourself and it asked you to sign in.',
    )
  }
  if (page.customScheme === undefined) return undefined
  return warningBox(
    'This opens an app on this device.',
    'Another app may have claimed the same kind of link. Go on only if you came from an app you trust.',
  )
}
