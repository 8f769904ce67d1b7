import { renderChangePassword } from '#http/pages/change-password.ts'
import {
  type ConnectedApplication,
  renderConnectedApplications,
} from '#http/pages/connected-applications.ts'
import { type ConnectPage, renderConnect } from '#http/pages/connect.ts'
import { renderConnectResult } from '#http/pages/connect-result.ts'
import { resultOf } from '#http/pages/connect-words.ts'
import { renderConsent } from '#http/pages/consent.ts'
import type { ConsentPage } from '#http/pages/consent-model.ts'
import { renderError } from '#http/pages/error.ts'
import { renderHome } from '#http/pages/home.ts'
import { describeApi } from '#http/openapi/document.ts'
import { renderReference } from '#http/pages/reference.ts'
import { applicationEndpoints } from '#features/client-applications/endpoints/index.ts'
import { renderSignIn } from '#http/pages/sign-in.ts'
import { renderSignedOut } from '#http/pages/signed-out.ts'

const csrf = 'csrf-value'
const user = { name: 'ada.lovelace' }
const noBlanks = 'Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft'
  .repeat(3)
  .slice(0, 128)
const markup = `<img src=x onerror=alert(1)> "quoted" 'single' & </title><script>alert(2)</script>`
const rightToLeft = 'تقارير المبيعات \u202Emoc.elpmaxe\u202C 🌊📊👩🏽‍💻'

const consent: ConsentPage = {
  action: '/oauth2/decision',
  csrf,
  application: {
    name: 'Quarterly Reports',
    description: 'Builds the sales and flight reports of the finance team.',
    ownerName: 'grace.hopper',
    registeredAt: new Date('2026-03-04T09:12:00Z'),
  },
  redirectHost: 'reports.example.com',
  loopback: false,
  scopeInWords: 'Allow data access via OData',
  user,
  dataSources: [
    { id: '11', name: 'aviation', storeName: 'SQLite', description: 'Airports, flights, delays' },
    { id: '12', name: 'Sales EMEA', storeName: 'PostgreSQL' },
    { id: '13', name: 'crm', storeName: 'Salesforce', description: 'Accounts and opportunities' },
  ],
  laterTicked: false,
  switchAccountAction: '/sign-out',
}

const many = Array.from({ length: 200 }, (_, index) => ({
  id: `${index}`,
  name: `warehouse_${index + 1}`,
  storeName: index % 3 === 0 ? 'PostgreSQL' : 'MySQL Community Edition',
  description: index % 4 === 0 ? 'Stock and movements' : '',
}))

function named(name: string): ConsentPage {
  return {
    ...consent,
    application: { ...consent.application, name, description: name, ownerName: name },
    user: { name },
    dataSources: consent.dataSources.map((each) => ({ ...each, name, description: name })),
  }
}

const connected: ConnectedApplication = {
  id: 'a1',
  name: 'Quarterly Reports',
  ownerName: 'grace.hopper',
  scopeInWords: 'Allow data access via OData',
  reads: { sources: ['aviation', 'Sales EMEA', 'crm'], later: false },
  since: new Date('2026-09-01T08:00:00Z'),
  lastUsed: new Date('2026-11-22T15:40:00Z'),
  redirectHost: 'reports.example.com',
  disconnectAction: '/account/applications/a1/disconnect',
}

function connectedNamed(name: string): ConnectedApplication {
  return {
    ...connected,
    name,
    ownerName: name,
    reads: { sources: [name, name], later: false },
    redirectHost: name,
  }
}

const password = {
  user,
  csrf,
  action: '/account/password',
  disconnectAllAction: '/account/applications/disconnect-all',
  rules: ['At least 12 characters.', 'Not your user name.', 'Different from the current one.'],
}

const connect: ConnectPage = {
  action: '/connect/link',
  csrf,
  user,
  storeName: 'Google BigQuery',
  host: 'accounts.google.com',
  applicationName: 'Reporting at Google',
  profile: { name: 'ada at work', description: 'The project of the finance team.' },
  again: false,
}

const connection = {
  reference: 'reference',
  userId: 1,
  state: 'connected',
  outcome: undefined,
  name: 'ada at work',
  description: '',
  again: false,
  application: undefined,
} as const

const whole = describeApi(applicationEndpoints.slice(0, 4), 'https://gate.example', {
  version: '1.2.3',
  description: noBlanks,
  license: 'Apache-2.0',
})

/** A part of the real one: whole, its picture would be taller than a browser draws. */
const reference = {
  ...whole,
  paths: Object.fromEntries(
    Object.entries(whole.paths).filter(([path]) =>
      /applications|^\/oauth2\/token|\{entitySet\}$/.test(path),
    ),
  ),
}

const flow = { applicationName: 'Quarterly Reports', redirectHost: 'reports.example.com' }
const wrong = 'That user name and password do not match. Check both and try again.'

/** Every page in every state that looks different, by name. */
export const pageExamples: Readonly<Record<string, string>> = {
  home: renderHome(),
  'home-signed-in': renderHome({ user }),
  'sign-in': renderSignIn({ action: '/sign-in', csrf }),
  'sign-in-flow': renderSignIn({ action: '/sign-in', csrf, flow }),
  'sign-in-problem': renderSignIn({
    action: '/sign-in',
    csrf,
    flow,
    username: 'ada',
    problem: wrong,
  }),
  'sign-in-connect': renderSignIn({
    action: '/connect/link/sign-in',
    csrf,
    lead: 'This link connects an account at a data store. Sign in with the account that asked for it; you decide on the next page.',
  }),
  'sign-in-strange': renderSignIn({
    action: '/sign-in',
    csrf,
    flow: { applicationName: markup, redirectHost: noBlanks },
    username: markup,
    problem: noBlanks,
  }),
  consent: renderConsent(consent),
  'consent-loopback': renderConsent({
    ...consent,
    redirectHost: '127.0.0.1:49152',
    loopback: true,
  }),
  'consent-scheme': renderConsent({ ...consent, customScheme: 'com.example.reports' }),
  'consent-none': renderConsent({ ...consent, dataSources: [], laterTicked: true }),
  'consent-many': renderConsent({
    ...consent,
    dataSources: many,
    tickNoneHref: '/oauth2/consent?tick=none',
    tickAllHref: '/oauth2/consent?tick=all',
  }),
  'consent-problem': renderConsent({
    ...consent,
    ticked: [],
    problem: 'Tick at least one data source, or deny.',
  }),
  'consent-long': renderConsent({ ...named(noBlanks), redirectHost: `${noBlanks}.example` }),
  'consent-markup': renderConsent(named(markup)),
  'consent-rtl': renderConsent(named(rightToLeft)),
  connect: renderConnect(connect),
  'connect-again': renderConnect({
    ...connect,
    profile: { name: 'ada', description: '' },
    again: true,
  }),
  'connect-strange': renderConnect({
    ...connect,
    user: { name: markup },
    host: `${noBlanks}.example`,
    applicationName: noBlanks,
    profile: { name: noBlanks, description: rightToLeft },
  }),
  'connect-done': renderConnectResult(resultOf(connection)),
  'connect-done-for-now': renderConnectResult(
    resultOf({ ...connection, outcome: { reason: 'no-refresh-token', code: '1764000000000' } }),
  ),
  'connect-waiting': renderConnectResult(resultOf({ ...connection, state: 'exchanging' })),
  'connect-interrupted': renderConnectResult(resultOf({ ...connection, state: 'interrupted' })),
  'connect-failed': renderConnectResult(
    resultOf({
      ...connection,
      state: 'failed',
      outcome: { reason: 'client-refused', code: 'invalid_client' },
    }),
  ),
  'connect-not-yours': renderConnectResult({
    kind: 'problem',
    title: 'This link is not yours',
    message: 'This link belongs to another account.',
    whatToDo: 'If you did not ask for it, close this page.',
    signIn: { href: '/connect/link/sign-in', label: 'Sign in with another account' },
  }),
  'connect-failed-strange': renderConnectResult({
    kind: 'problem',
    title: 'Not connected',
    message: noBlanks,
    whatToDo: markup,
    profileName: rightToLeft,
    code: noBlanks,
  }),
  error: renderError({
    title: 'This application is not known here',
    message:
      'The link that brought you here names an application that is not registered, or not any more.',
    whatToDo:
      'Go back to the application and try again. If it happens again, tell its maker and quote the request below.',
    requestId: '0199a7c2-51f0-7c3e-9d0a-5f2d7f4b8e11',
    status: 400,
  }),
  'error-strange': renderError({
    title: markup,
    message: noBlanks,
    whatToDo: rightToLeft,
    requestId: noBlanks,
    status: 503,
  }),
  applications: renderConnectedApplications({
    user,
    csrf,
    applications: [
      connected,
      {
        id: 'a2',
        name: 'Nightly export',
        ownerName: 'ada.lovelace',
        scopeInWords: connected.scopeInWords,
        reads: { sources: 'everything you can read', later: true },
        readsByItself: { sources: ['Sales EMEA'], later: false },
        since: new Date('2026-10-30T00:05:00Z'),
        disconnectAction: '/account/applications/a2/disconnect',
      },
      {
        ...connected,
        id: 'a3',
        name: 'Warehouse',
        reads: { sources: many.map((each) => each.name), later: true },
      },
    ],
    notice: 'Flight Board is disconnected. Its tokens no longer work.',
  }),
  'applications-none': renderConnectedApplications({ user, csrf, applications: [] }),
  'applications-strange': renderConnectedApplications({
    user: { name: noBlanks },
    csrf,
    applications: [noBlanks, markup, rightToLeft].map(connectedNamed),
    notice: noBlanks,
  }),
  password: renderChangePassword(password),
  'password-problem': renderChangePassword({
    ...password,
    problem: 'The two new passwords differ. Type the new one twice.',
  }),
  'password-forced': renderChangePassword({ ...password, forced: {} }),
  'password-forced-in-flow': renderChangePassword({
    ...password,
    forced: { applicationName: flow.applicationName },
  }),
  'password-without-current': renderChangePassword({ ...password, withoutCurrent: true }),
  'password-done': renderChangePassword({ ...password, done: true }),
  'password-disconnected': renderChangePassword({ ...password, done: true, disconnected: true }),
  'signed-out': renderSignedOut(),
  reference: renderReference({ document: reference }),
  'reference-strange': renderReference({
    document: {
      ...reference,
      info: { ...reference.info, description: markup, version: noBlanks },
      tags: [{ name: noBlanks, description: rightToLeft }],
      paths: {
        [`/${noBlanks}/{${noBlanks}}`]: {
          put: {
            operationId: 'strange',
            tags: [noBlanks],
            summary: markup,
            description: noBlanks,
            security: [{}],
            parameters: [
              { name: noBlanks, in: 'query', description: markup, schema: { const: noBlanks } },
            ],
            requestBody: {
              required: true,
              content: { 'application/json': { schema: { examples: [{ name: markup }] } } },
            },
            responses: { 200: { description: noBlanks } },
          },
        },
      },
    },
  }),
}
