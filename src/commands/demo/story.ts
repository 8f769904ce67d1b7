import type { Output } from '../command.ts'
import { createBrowser } from './browser.ts'
import { type DemoClient, startClient } from './client.ts'

type Registered = {
  readonly id: number
  readonly name: string
  readonly clientId: string
  readonly clientSecret: string
}
type Tokens = {
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
}
type Flights = {
  readonly '@odata.count': number
  readonly value: readonly {
    origin: string
    destination: string
    delay: number
    distance: number
    date: string
  }[]
}

const read = async <T>(response: Response, expected: number): Promise<T> => {
  const text = await response.text()
  if (response.status !== expected)
    throw new Error(`${response.url} answered ${response.status} instead of ${expected}: ${text}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** Prints one step of the story: what is asked, and what came of it. */
const teller = (output: Output) => {
  let step = 0
  return (title: string, request: string, lines: readonly string[]): void => {
    step += 1
    output.line(`\n${step}. ${title}`)
    output.line(`   ${request}`)
    for (const line of lines) output.line(`   → ${line}`)
  }
}

/** A secret is named, not shown: this story may end up in a recording. */
const hidden = (secret: string): string => `${secret.slice(0, 6)}… (${secret.length} characters)`

const flightsPath = `/api/odata4/aviation/Flights?$filter=${encodeURIComponent("origin eq 'SEA' and delay gt 90")}&$select=date,origin,destination,delay,distance&$orderby=${encodeURIComponent('delay desc')}&$top=5&$count=true`

const table = (flights: Flights): readonly string[] => [
  `200, ${flights['@odata.count']} flights left Seattle more than 90 minutes late; the worst ${flights.value.length}:`,
  ...flights.value.map(
    (row) =>
      `   ${row.date.slice(0, 10)}  ${row.origin} to ${row.destination}  ${String(row.delay).padStart(4)} min late  ${String(row.distance).padStart(5)} miles`,
  ),
]

const play = async (
  base: string,
  password: string,
  client: DemoClient,
  output: Output,
): Promise<void> => {
  const tell = teller(output)
  const basic = { authorization: `Basic ${Buffer.from(`demo:${password}`).toString('base64')}` }
  const applications = `${base}/api/mgmt/oauth/client/applications`
  const allowed = `${base}/api/mgmt/oauth/client/allowedapplications`

  const application = await read<Registered>(
    await fetch(applications, {
      method: 'POST',
      headers: { ...basic, 'content-type': 'application/json' },
      body: JSON.stringify({
        name: 'Delay Watch',
        description: 'Tells which flights are late',
        redirectUrls: [client.redirectUri],
        refreshTokenRotation: true,
      }),
    }),
    201,
  )
  tell('The developer registers an application', 'POST /api/mgmt/oauth/client/applications', [
    `201, "${application.name}" is application ${application.id}`,
    `client id ${application.clientId}, secret ${hidden(application.clientSecret)}: shown now and never again`,
  ])

  const browser = createBrowser()
  const signIn = await browser.visit(
    client.authorizeUrl(`${base}/oauth2/authorize`, application.clientId),
  )
  const consent = await browser.submit(signIn, 'password', { username: 'demo', password })
  tell(
    'The user demo follows its link, signs in, and is asked',
    'GET /oauth2/authorize (code + PKCE)',
    ['a sign-in page, then a consent page that names the application and every data source'],
  )
  await browser.submit(consent, 'decision', { decision: 'allow' })
  const code = client.takeCode(base)
  tell('The user allows it', 'POST /oauth2/consent (decision=allow)', [
    `the browser carries a code back: ${hidden(code)}, good once, for 60 seconds`,
  ])

  const token = async (form: Readonly<Record<string, string>>): Promise<Tokens> =>
    read(
      await fetch(`${base}/oauth2/token`, {
        method: 'POST',
        body: new URLSearchParams({
          ...form,
          client_id: application.clientId,
          client_secret: application.clientSecret,
        }),
      }),
      200,
    )
  const first = await token({
    grant_type: 'authorization_code',
    code,
    redirect_uri: client.redirectUri,
    code_verifier: client.verifier,
  })
  tell(
    'The application trades the code for tokens',
    'POST /oauth2/token (grant_type=authorization_code)',
    [
      `200, access token ${hidden(first.access_token)} for ${first.expires_in / 60} minutes, refresh token ${hidden(first.refresh_token)}`,
    ],
  )

  const data = (accessToken: string) =>
    fetch(`${base}${flightsPath}`, { headers: { authorization: `Bearer ${accessToken}` } })
  tell(
    'The application reads real data',
    `GET ${decodeURIComponent(flightsPath)}`,
    table(await read<Flights>(await data(first.access_token), 200)),
  )

  const second = await token({ grant_type: 'refresh_token', refresh_token: first.refresh_token })
  tell('An hour later it refreshes', 'POST /oauth2/token (grant_type=refresh_token)', [
    `200, a new access token ${hidden(second.access_token)}; the refresh token was rotated, too`,
  ])

  const list = await read<{ applications: readonly { id: number; name: string }[] }>(
    await fetch(allowed, { headers: basic }),
    200,
  )
  tell(
    'The user looks at who has access',
    'GET /api/mgmt/oauth/client/allowedapplications',
    list.applications.map((a) => `${a.id} ${a.name}`),
  )

  await read(await fetch(`${allowed}/${application.id}`, { method: 'DELETE', headers: basic }), 204)
  const began = performance.now()
  const refused = await data(second.access_token)
  const body = await read<{ error: { message: string } }>(refused, 401)
  tell(
    'The user revokes it',
    `DELETE /api/mgmt/oauth/client/allowedapplications/${application.id}`,
    [
      '204',
      `and ${Math.ceil(performance.now() - began)} ms later the application is shut out: ${refused.status} ${body.error.message}`,
    ],
  )
}

/** Plays the main job over HTTP, as three different people, and prints what happened. Throws when a step fails. */
export const playStory = async (base: string, password: string, output: Output): Promise<void> => {
  const client = await startClient()
  try {
    await play(base, password, client, output)
  } finally {
    await client.close()
  }
}
