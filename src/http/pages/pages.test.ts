import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { markAsset, pageAssets, styleAsset } from './assets.ts'
import { renderChangePassword } from './change-password.ts'
import { renderConnectedApplications } from './connected-applications.ts'
import { renderConsent } from './consent.ts'
import type { ConsentPage } from './consent-model.ts'
import { renderError } from './error.ts'
import { renderHome } from './home.ts'
import { renderSignIn } from './sign-in.ts'
import { renderSignedOut } from './signed-out.ts'
import { momentInWords } from './time.ts'

const consent: ConsentPage = {
  action: '/oauth2/decision',
  csrf: 'token-1',
  application: {
    name: 'Reports',
    ownerName: 'grace',
    registeredAt: new Date('2026-03-04T23:30:00Z'),
  },
  redirectHost: 'reports.example.com',
  loopback: false,
  scopeInWords: 'Allow data access via OData',
  user: { name: 'ada' },
  dataSources: [
    { id: '11', name: 'aviation', storeName: 'SQLite' },
    { id: '12', name: 'sales', storeName: 'PostgreSQL', description: 'EMEA' },
  ],
  laterTicked: false,
  switchAccountAction: '/sign-out',
}

function ticked(page: string, name: string): number {
  return [...page.matchAll(new RegExp(`<input [^>]*name="${name}"[^>]* checked`, 'g'))].length
}

describe('the consent page', () => {
  test('every data source is ticked and the later ones are not', () => {
    const page = renderConsent(consent)
    assert.equal(ticked(page, 'source'), 2)
    assert.equal(ticked(page, 'later'), 0)
    assert.equal(ticked(renderConsent({ ...consent, laterTicked: true }), 'later'), 1)
  })

  test('only the given data sources are ticked when it is shown again', () => {
    assert.equal(ticked(renderConsent({ ...consent, ticked: ['12'] }), 'source'), 1)
    assert.equal(ticked(renderConsent({ ...consent, ticked: [] }), 'source'), 0)
  })

  test('it says where the answer goes, who registered the application, and that nobody verified it', () => {
    const page = renderConsent(consent)
    assert.match(page, /Sends you back to<\/dt><dd>.*reports\.example\.com/)
    assert.match(page, /<bdi>grace<\/bdi> on <time datetime="2026-03-04">4 March 2026/)
    assert.match(page, /Not verified/)
    assert.doesNotMatch(page, /program on this computer/)
  })

  test('a loopback redirect and a custom scheme are warned of', () => {
    assert.match(
      renderConsent({ ...consent, loopback: true }),
      /back to a program on this computer/,
    )
    const scheme = renderConsent({ ...consent, customScheme: 'myapp' })
    assert.match(scheme, /opens an app on this device/)
    assert.match(scheme, /myapp:<\/bdi>/)
  })

  test('deny comes before allow, so that the Enter key never gives access', () => {
    const page = renderConsent(consent)
    assert.ok(page.indexOf('value="deny"') < page.indexOf('value="allow"'))
    assert.ok(page.includes('value="deny"'))
  })

  test('without data sources only the box for later ones remains', () => {
    const page = renderConsent({ ...consent, dataSources: [] })
    assert.match(page, /You have no data sources yet/)
    assert.doesNotMatch(page, /name="source"/)
    assert.match(page, /name="later"/)
  })

  test('marks that turn the writing direction are taken out of a name (T16)', () => {
    const page = renderConsent({
      ...consent,
      application: { ...consent.application, name: 'a\u202Eb\u0000c' },
    })
    assert.match(page, /<bdi>ab c<\/bdi>/)
    assert.match(page, /<title>Allow ab c to read/)
  })
})

describe('the sign-in page', () => {
  test('a problem is announced, tied to both fields, and heard first in the title', () => {
    const page = renderSignIn({ action: '/sign-in', csrf: 'token-1', problem: 'No match.' })
    assert.match(page, /role="alert" id="problem"/)
    assert.equal(page.match(/aria-describedby="problem"/g)?.length, 2)
    assert.match(page, /<title>Problem: Sign in · Headgate<\/title>/)
  })

  test('the focus is where the next key goes', () => {
    const empty = renderSignIn({ action: '/sign-in', csrf: 'token-1' })
    assert.match(empty, /<input [^>]*name="username"[^>]* autofocus/)
    const known = renderSignIn({ action: '/sign-in', csrf: 'token-1', username: 'ada' })
    assert.match(known, /<input [^>]*name="password"[^>]* autofocus/)
    assert.match(known, /name="username" [^>]*value="ada"/)
  })
})

describe('the pages of an account', () => {
  const user = { name: 'ada' }

  test('each application has a form of its own to disconnect it', () => {
    const page = renderConnectedApplications({
      user,
      csrf: 'token-1',
      applications: ['a', 'b'].map((id) => ({
        id,
        name: `App ${id}`,
        ownerName: 'grace',
        scopeInWords: 'Allow data access via OData',
        reads: {
          sources: id === 'a' ? (['x', 'y'] as const) : ('everything you can read' as const),
          later: id === 'a',
        },
        ...(id === 'b' ? { readsByItself: { sources: ['z'], later: false } } : {}),
        since: new Date('2026-11-22T15:40:59Z'),
        disconnectAction: `/account/applications/${id}/disconnect`,
      })),
    })
    assert.match(page, /action="\/account\/applications\/a\/disconnect"/)
    assert.match(page, /action="\/account\/applications\/b\/disconnect"/)
    assert.match(page, /and those you add later/)
    assert.match(page, /Everything you can read/)
    assert.match(page, /Reads by itself<\/dt><dd><ul class="chips"><li><bdi[^>]*>z/)
    assert.match(page, /22 November 2026, 15:40 UTC/)
  })

  test('the password page offers to disconnect after a change and only then', () => {
    const model = {
      user,
      csrf: 'token-1',
      action: '/p',
      disconnectAllAction: '/d',
      rules: ['Long.'],
    }
    assert.doesNotMatch(renderChangePassword(model), /action="\/d"/)
    assert.match(renderChangePassword({ ...model, done: true }), /action="\/d"/)
    const all = renderChangePassword({ ...model, done: true, disconnected: true })
    assert.doesNotMatch(all, /action="\/d"/)
  })
})

test('an error page has no link but the one to this server', () => {
  const page = renderError({
    title: 'T',
    message: 'M',
    whatToDo: 'W',
    requestId: 'r-1',
    status: 400,
  })
  assert.deepEqual(
    [...page.matchAll(/<a [^>]*href="([^"]*)"/g)].map((match) => match[1]),
    ['/'],
  )
  assert.match(page, /r-1/)
})

test('every form that posts carries the token against forged requests (T14)', () => {
  for (const page of [
    renderConsent(consent),
    renderSignIn({ action: '/sign-in', csrf: 'token-1' }),
  ]) {
    const forms = page.match(
      /<form method="post" [^>]*>\n?<input type="hidden" name="csrf" value="token-1">/g,
    )
    assert.equal(forms?.length, page.match(/<form/g)?.length)
  }
})

test('behind a path of a proxy every link of the page keeps that path', () => {
  for (const page of [renderHome({ basePath: '/gate' }), renderSignedOut({ basePath: '/gate' })]) {
    for (const match of page.matchAll(/(?:href|src)="([^"]*)"/g))
      assert.match(match[1] ?? '', /^\/gate\//)
  }
})

test('an asset is named by its content and asks for nothing else', () => {
  assert.match(styleAsset.path, /^\/assets\/[0-9a-f]{16}\.css$/)
  assert.match(markAsset.path, /^\/assets\/[0-9a-f]{16}\.svg$/)
  for (const asset of pageAssets) assert.doesNotMatch(asset.body, /url\(|@import|<script/)
})

test('a moment is told in words and in UTC', () => {
  assert.equal(momentInWords(new Date('2026-11-22T15:40:59Z')), '22 November 2026, 15:40 UTC')
})
