import { address, csrfField, foreign, noticeBox } from './forms.ts'
import { type Html, html } from './html.ts'
import { type PageBase, renderPage } from './layout.ts'
import { moment } from './time.ts'

/** Which data sources something reads. */
export interface Reach {
  readonly sources: readonly string[] | 'everything you can read'
  readonly later: boolean
}

export interface ConnectedApplication {
  readonly id: string
  readonly name: string
  readonly ownerName: string
  readonly scopeInWords: string
  readonly reads?: Reach
  /** Without anybody signed in, because the user registered it so (client credentials). */
  readonly readsByItself?: Reach
  readonly since: Date
  readonly lastUsed?: Date
  readonly redirectHost?: string
  readonly disconnectAction: string
}

export interface ConnectedApplicationsPage extends PageBase {
  readonly user: { readonly name: string }
  readonly csrf: string
  readonly applications: readonly ConnectedApplication[]
  readonly notice?: string
}

export function renderConnectedApplications(page: ConnectedApplicationsPage): string {
  const { user, csrf, applications } = page
  return renderPage({
    ...page,
    title: 'Connected applications',
    gate: applications.length > 0 ? 'open' : 'closed',
    account: { user, csrf, current: 'applications' },
    content: html`<h1>Connected applications</h1>
<p class="lead">What may read your data, ${foreign(user.name)}, until you disconnect it.</p>
${noticeBox(page.notice)}
${applications.length > 0 ? list(applications, csrf) : nothing()}`,
  })
}

function nothing(): Html {
  return html`<div class="nothing"><h2>The gate is closed</h2>
<p>No application can read your data. When you allow one, it appears here, and you can disconnect it at any time.</p></div>`
}

function list(applications: readonly ConnectedApplication[], csrf: string): Html {
  return html`<ul class="applications">${applications.map((each, index) => entry(each, index, csrf))}</ul>`
}

function entry(application: ConnectedApplication, index: number, csrf: string): Html {
  const nameId = `application-${index}`
  return html`<li class="application">
<h2 id="${nameId}">${foreign(application.name)}</h2>
<p class="small">Registered by ${foreign(application.ownerName)}</p>
<dl class="facts">
<div><dt>Permission</dt><dd>${application.scopeInWords}</dd></div>
${application.reads !== undefined && html`<div><dt>Reads</dt><dd>${reach(application.reads)}</dd></div>`}
${application.readsByItself !== undefined && html`<div><dt>Reads by itself</dt><dd>${reach(application.readsByItself)}</dd></div>`}
<div><dt>Connected</dt><dd>${moment(application.since)}</dd></div>
<div><dt>Last used</dt><dd>${application.lastUsed ? moment(application.lastUsed) : 'Not yet'}</dd></div>
${application.redirectHost !== undefined && html`<div><dt>Sends you back to</dt><dd>${address(application.redirectHost)}</dd></div>`}
</dl>
<form method="post" action="${application.disconnectAction}">${csrfField(csrf)}<button class="button button-warn" type="submit" id="disconnect-${index}" aria-labelledby="disconnect-${index} ${nameId}">Disconnect</button></form>
</li>`
}

/** From this many on, the names are folded away, so that one application does not push the others off. */
const manySources = 12

function reach({ sources, later }: Reach): Html {
  if (typeof sources === 'string') return html`Everything you can read`
  const added = later && html`<p class="chip-note">and those you add later</p>`
  if (sources.length === 0) return html`${later ? 'Data sources you add later' : 'No data source'}`
  const chips = html`<ul class="chips">${sources.map((name) => html`<li>${foreign(name)}</li>`)}</ul>`
  if (sources.length <= manySources) return html`${chips}${added}`
  return html`<details><summary>${sources.length} data sources</summary>${chips}</details>${added}`
}
