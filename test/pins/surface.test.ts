import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { endpoints } from '#features/endpoints.ts'
import { refusals } from '#features/refusals.ts'
import { startApp, type TestApp } from '#test/support/app.ts'

// What clients were written against, as literals. A change here is a change of the public surface: it needs
// a line in the changelog, and for a retired number a new one.

let app: TestApp
before(async () => {
  app = await startApp({ sources: false })
})
after(() => app.close())

test('the management endpoints are these, with these permissions, statuses and audit events', () => {
  const list = endpoints.map(({ method, path, permissions, success, audit }) =>
    [method, path, success, permissions.join('+') || 'any user', audit ?? '-'].join(' '),
  )
  assert.deepEqual(list, [
    'GET /api/mgmt/oauth/client/applications 200 any user -',
    'POST /api/mgmt/oauth/client/applications 201 any user application.registered',
    'GET /api/mgmt/oauth/client/applications/:id 200 any user -',
    'PUT /api/mgmt/oauth/client/applications/:id 200 any user application.updated',
    'DELETE /api/mgmt/oauth/client/applications/:id 204 any user application.deleted',
    'PUT /api/mgmt/oauth/client/applications/:id/reset 200 any user application.reset',
    'GET /api/mgmt/oauth/client/allowedapplications 200 any user -',
    'DELETE /api/mgmt/oauth/client/allowedapplications/:id 204 any user access.revoked',
    'GET /api/admin/users/:id/accesses 200 12 -',
    'DELETE /api/admin/users/:id/accesses 204 12 access.ended-by-administrator',
    'DELETE /api/admin/users/:id/accesses/:other 204 12 access.ended-by-administrator',
    'GET /api/admin/applications/:id/accesses 200 12 -',
    'DELETE /api/admin/applications/:id/accesses 204 12 access.ended-by-administrator',
    'DELETE /api/admin/applications/:id/accesses/:other 204 12 access.ended-by-administrator',
    'GET /api/mgmt/datasources 200 11 -',
    'POST /api/mgmt/datasources 201 11+1 data-source.created',
    'GET /api/mgmt/datasources/:id 200 11 -',
    'PUT /api/mgmt/datasources/:id 200 11 data-source.updated',
    'POST /api/mgmt/datasources/:id/test 200 11 -',
    'DELETE /api/mgmt/datasources/:id 204 11 data-source.deleted',
    'GET /api/mgmt/datasources/:id/permissions 200 11 -',
    'PUT /api/mgmt/datasources/:id/permissions 200 11+3 data-source.permissions-updated',
    'POST /api/mgmt/datasources/:id/model 200 11 data-source.model-requested',
    'GET /api/mgmt/datasources/:id/model 200 11 -',
    'POST /api/mgmt/datasources/:id/map 200 11 -',
    'GET /api/mgmt/datasources/:id/logs 200 11 -',
    'GET /api/mgmt/datastores 200 11 -',
    'GET /api/mgmt/datastores/:id 200 11 -',
    'GET /api/mgmt/connectors 200 11 -',
    'GET /api/admin/connectors 200 12 -',
    'GET /api/admin/tenants 200 25 -',
    'POST /api/admin/tenants 201 25 tenant.created',
    'GET /api/admin/tenants/:id 200 25 -',
    'PUT /api/admin/tenants/:id 200 25 tenant.updated',
    'DELETE /api/admin/tenants/:id 204 25 tenant.deleted',
    'GET /api/admin/tenants/:id/dependents 200 25 -',
    'GET /api/admin/tenants/:id/admins 200 25 -',
    'PUT /api/admin/tenants/:id/admins 200 25 tenant.admins-updated',
    'GET /api/mgmt/oauthapps 200 11+28 -',
    'POST /api/mgmt/oauthapps 201 11+28 oauth-application.created',
    'GET /api/mgmt/oauthapps/:id 200 11+28 -',
    'PUT /api/mgmt/oauthapps/:id 200 11+28 oauth-application.updated',
    'DELETE /api/mgmt/oauthapps/:id 204 11+28 oauth-application.deleted',
    'GET /api/mgmt/oauthapps/:id/dependents 200 11+28 -',
    'GET /api/mgmt/datastores/:id/oauthapps 200 1 -',
    'GET /api/mgmt/oauthprofiles 200 11+2 -',
    'POST /api/mgmt/oauthprofiles 201 11+1 oauth-profile.created',
    'GET /api/mgmt/oauthprofiles/:id 200 11+2 -',
    'PUT /api/mgmt/oauthprofiles/:id 200 11+3 oauth-profile.updated',
    'DELETE /api/mgmt/oauthprofiles/:id 204 11+4 oauth-profile.deleted',
    'GET /api/mgmt/oauthprofiles/:id/stats 200 11+2 -',
    'GET /api/mgmt/oauthprofiles/:id/history 200 11+2 -',
    'POST /api/mgmt/oauthapps/:id/connect 201 1 oauth-connection.requested',
    'GET /api/admin/roles 200 18 -',
    'POST /api/admin/roles 201 17 role.created',
    'GET /api/admin/roles/:id 200 18 -',
    'PUT /api/admin/roles/:id 200 19 role.updated',
    'DELETE /api/admin/roles/:id 204 20 role.deleted',
    'GET /api/admin/roles/:id/dependents 200 18 -',
    'GET /api/admin/permissions 200 11 -',
    'GET /api/admin/permissions/:id 200 11 -',
    'GET /api/admin/users 200 14 -',
    'POST /api/admin/users 201 13 user.created',
    'GET /api/admin/users/:id 200 14 -',
    'PUT /api/admin/users/:id 200 15 user.updated',
    'DELETE /api/admin/users/:id 204 16 user.deleted',
    'GET /api/admin/users/:id/dependents 200 14 -',
    'GET /api/admin/users/authUserName/:name 200 14 -',
    'GET /api/admin/users/:id/statusinfo 200 14 -',
    'PUT /api/admin/users/:id/statusinfo 200 15 user.status-updated',
    'GET /api/admin/users/:id/permissions 200 14 -',
    'PUT /api/admin/users/:id/permissions 200 15 user.permissions-updated',
    'GET /api/admin/users/:id/authinfo 200 14 -',
    'PUT /api/admin/users/:id/authinfo 200 15 user.authentication-updated',
    'GET /api/admin/users/:id/tenantsadministered 200 14 -',
    'PUT /api/admin/users/:id/tenantsadministered 200 25+15 user.tenants-updated',
    'GET /api/admin/users/:id/datasources 200 14 -',
    'GET /api/mgmt/user 200 11 -',
    'GET /api/mgmt/permissions 200 11 -',
    'GET /api/admin/users/:id/passwordinfo 200 14 -',
    'PUT /api/admin/users/:id/passwordinfo 200 15 user.password-info-changed',
    'PUT /api/admin/users/:id/resetpassword 204 15 user.password-reset',
    'PUT /api/admin/userdetails/changePassword 200 any user user.password-changed',
    'GET /api/admin/passwordpolicy/:id 200 12 -',
    'PUT /api/admin/passwordpolicy/:id 200 12 password-policy.changed',
    'POST /api/admin/passwordpolicy/resetall 204 12 password.reset-all',
    'GET /api/admin/configurations 200 22 -',
    'GET /api/admin/configurations/:id 200 22 -',
    'PUT /api/admin/configurations/:id 200 22 configuration.changed',
    'GET /api/admin/limits 200 27 -',
    'GET /api/admin/limits/system 200 27 -',
    'GET /api/admin/limits/tenants 200 27 -',
    'GET /api/admin/limits/users 200 27 -',
    'GET /api/admin/limits/users/:id/datasources 200 27 -',
    'GET /api/admin/limits/system/:id 200 27 -',
    'POST /api/admin/limits/system/:id 201 12 limit.set',
    'PUT /api/admin/limits/system/:id 200 12 limit.set',
    'DELETE /api/admin/limits/system/:id 204 12 limit.removed',
    'GET /api/admin/limits/tenants/:id/:other 200 27 -',
    'POST /api/admin/limits/tenants/:id/:other 201 27 limit.set',
    'PUT /api/admin/limits/tenants/:id/:other 200 27 limit.set',
    'DELETE /api/admin/limits/tenants/:id/:other 204 27 limit.removed',
    'GET /api/admin/limits/users/:id/:other 200 27 -',
    'POST /api/admin/limits/users/:id/:other 201 27 limit.set',
    'PUT /api/admin/limits/users/:id/:other 200 27 limit.set',
    'DELETE /api/admin/limits/users/:id/:other 204 27 limit.removed',
    'GET /api/admin/limits/users/:id/datasources/:other/:third 200 27 -',
    'POST /api/admin/limits/users/:id/datasources/:other/:third 201 27 limit.set',
    'PUT /api/admin/limits/users/:id/datasources/:other/:third 200 27 limit.set',
    'DELETE /api/admin/limits/users/:id/datasources/:other/:third 204 27 limit.removed',
  ])
})

test('the refusals are these numbers with these statuses', () => {
  const list = Object.fromEntries(
    Object.entries(refusals).map(([name, { code, status }]) => [name, `${code} ${status}`]),
  )
  assert.deepEqual(list, {
    invalidInput: '222207007 400',
    unsupportedMediaType: '222207007 415',
    bodyTooLarge: '222207007 413',
    notFound: '222208103 404',
    methodNotAllowed: '222208103 405',
    forbidden: '222208103 403',
    crossSite: '222208103 403',
    duplicateName: '222208401 400',
    actingForOthers: '222208407 400',
    unavailable: '222208408 503',
    internal: '222208409 500',
    tooManyHeaders: '222208410 431',
    tooSlow: '222208411 408',
    badCredentials: '222206007 401',
    passwordPolicy: '222208400 400',
    userNotFound: '222207916 404',
    usersNotRead: '222208421 500',
    userNotChanged: '222208422 500',
    lastAdministrator: '222208403 400',
    ownAccount: '222208416 400',
    userInUse: '222208423 400',
    externalService: '222208424 400',
    administratorOfChild: '222208425 400',
    administersElsewhere: '222208426 400',
    ownPassword: '222208427 400',
    passwordMustChange: '222208103 403',
    policyNotFound: '222208435 404',
    fixedPolicy: '222208436 400',
    configurationNotFound: '222208437 404',
    settingsNotProcessed: '222208438 500',
    resetOfOwnPassword: '222208439 400',
    roleNotFound: '222207924 404',
    rolesNotRead: '222207919 500',
    roleNotChanged: '222207919 500',
    roleInUse: '222208402 400',
    defaultRole: '222208417 400',
    roleNotOfTenant: '222208404 400',
    unknownPermission: '222208405 400',
    permissionNotFound: '222208553 404',
    usersOfRole: '222208440 400',
    onlyRole: '222208441 400',
    tenantNotFound: '222208573 404',
    noSuchTenant: '222208573 400',
    tenantsNotRead: '222208418 500',
    tenantNotChanged: '222208419 500',
    tenantNotEmpty: '222208406 400',
    systemTenant: '222208420 400',
    administratorUnknown: '222208430 400',
    applicationNotCreated: '222206628 400',
    applicationCreationFailed: '222206628 500',
    applicationNotFound: '222206631 404',
    applicationsNotRead: '222206631 500',
    applicationNotUpdated: '222206632 400',
    applicationToUpdateNotFound: '222206632 404',
    applicationUpdateFailed: '222206632 500',
    applicationToDeleteNotFound: '222206633 404',
    applicationDeleteFailed: '222206633 500',
    accessNotFound: '222206633 404',
    applicationToResetNotFound: '222206634 404',
    applicationNotReset: '222206634 400',
    applicationResetFailed: '222206634 500',
    accessToEndNotFound: '222208413 404',
    accessesNotRead: '222208414 500',
    accessesNotEnded: '222208415 500',
    dataSourceUpdateFailed: '222207000 500',
    dataSourceReadFailed: '222207001 500',
    invalidOption: '222207002 400',
    cannotConnect: '222207003 400',
    connectionTypeFixed: '222207008 400',
    secretsForOtherServer: '222208475 400',
    secretOptionsUnreadable: '222208476 400',
    dataSourceNotFound: '222207004 404',
    dataStoreNotFound: '222208480 404',
    badConnectionType: '222207005 400',
    dataSourceDeleteFailed: '222207006 500',
    badMap: '222207009 400',
    connectionTypeMissing: '222207010 400',
    oauthApplicationNotFound: '222207711 404',
    oauthSecretUnreadable: '222208450 400',
    oauthApplicationsNotRead: '222208451 500',
    oauthApplicationNotChanged: '222208452 500',
    oauthDataStoreNotFound: '222208453 404',
    secretForOtherServer: '222208454 400',
    oauthProfileNotFound: '222207710 404',
    noSuchOAuthProfile: '222207710 400',
    noSuchOAuthApplication: '222207711 400',
    oauthProfilesNotRead: '222208460 500',
    oauthProfileNotChanged: '222208461 500',
    oauthTokensUnreadable: '222208462 400',
    oauthConnectionNotRequested: '222208465 500',
    limitsNotProcessed: '222207925 500',
    dataSourceOfAnother: '222207926 404',
    limitOutOfRange: '222207929 400',
    limitNotFound: '222208445 404',
    limitNotSet: '222208446 404',
    limitNotHere: '222208447 400',
    reconnectNeeded: '222208470 400',
    upstreamWrong: '222208471 502',
  })
})

test('every refusal has a sentence that ends, and says no secret word', () => {
  for (const { sentence } of Object.values(refusals)) assert.match(sentence, /^\w.* .*\.$/)
})

test('every endpoint has a name and an address of its own', () => {
  const names = endpoints.map(({ name }) => name)
  const addresses = endpoints.map(({ method, path }) => `${method} ${path}`)
  assert.equal(new Set(names).size, endpoints.length)
  assert.equal(new Set(addresses).size, endpoints.length)
})

test('the server metadata is this document', async () => {
  const response = await fetch(`${app.url}/.well-known/oauth-authorization-server`)
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.deepEqual(await response.json(), {
    issuer: app.url,
    authorization_endpoint: `${app.url}/oauth2/authorize`,
    token_endpoint: `${app.url}/oauth2/token`,
    revocation_endpoint: `${app.url}/oauth2/revoke`,
    introspection_endpoint: `${app.url}/oauth2/introspect`,
    scopes_supported: ['api.access.odata'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'password',
    ],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    revocation_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'none',
    ],
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  })
})

const everywhere = {
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const

test('every answer has the security headers, pages a policy that runs no script, data one that allows nothing', async () => {
  for (const [path, policy] of [
    [
      '/sign-in',
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ],
    ['/api/mgmt/datasources', "default-src 'none';frame-ancestors 'none'"],
    ['/api/odata4/one', "default-src 'none';frame-ancestors 'none'"],
    ['/api/%ff', "default-src 'none';frame-ancestors 'none'"],
    ['/api/nowhere', "default-src 'none';frame-ancestors 'none'"],
    ['/.well-known/oauth-authorization-server', "default-src 'none';frame-ancestors 'none'"],
  ] as const) {
    const { headers } = await fetch(app.url + path)
    for (const [name, value] of Object.entries(everywhere))
      assert.equal(headers.get(name), value, `${path} ${name}`)
    assert.equal(headers.get('content-security-policy'), policy, path)
    assert.equal(headers.get('x-powered-by'), null)
    assert.equal(headers.get('server'), null)
  }
})

test('answers with anything private are not stored, and the metadata may be', async () => {
  for (const path of ['/sign-in', '/api/mgmt/datasources', '/api/odata4/one', '/api/healthcheck'])
    assert.equal((await fetch(app.url + path)).headers.get('cache-control'), 'no-store', path)
  const token = await fetch(`${app.url}/oauth2/token`, { method: 'POST' })
  assert.equal(token.headers.get('cache-control'), 'no-store')
  assert.equal(token.headers.get('pragma'), 'no-cache')
  const metadata = await fetch(`${app.url}/.well-known/oauth-authorization-server`)
  assert.equal(metadata.headers.get('cache-control'), 'public, max-age=300')
})
