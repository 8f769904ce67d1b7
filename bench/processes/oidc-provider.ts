// The stranger that is compared: oidc-provider with the in-memory adapter and the defaults that it begins with. Switched
// on is what is measured (client credentials, introspection) and nothing else; its tokens are opaque, as ours are.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'

// It tells whoever goes into production to replace its defaults, which is not what happens here.
console.info = console.warn = () => undefined

const [clientId = '', clientSecret = ''] = process.argv.slice(2)
const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      devInteractions: { enabled: false },
    },
  })
  const answer = provider.callback()
  server.on('request', (request, response) => void answer(request, response))
  process.send?.({ port })
})
process.on('disconnect', () => process.exit(0))
