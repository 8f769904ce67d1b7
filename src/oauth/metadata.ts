import { clientAuthMethods } from './client-auth/index.ts'
import { grants } from './grants/index.ts'
import { odataScope } from './scope.ts'

const methodNames = clientAuthMethods.map((method) => method.name)

/** RFC 8414 section 2, derived from what is registered. `issuer` is the public URL, without a slash at its end. */
export const serverMetadata = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/oauth2/authorize`,
  token_endpoint: `${issuer}/oauth2/token`,
  revocation_endpoint: `${issuer}/oauth2/revoke`,
  introspection_endpoint: `${issuer}/oauth2/introspect`,
  scopes_supported: [odataScope],
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: grants.map((grant) => grant.type),
  token_endpoint_auth_methods_supported: methodNames,
  revocation_endpoint_auth_methods_supported: methodNames,
  introspection_endpoint_auth_methods_supported: methodNames.filter((name) => name !== 'none'),
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
})
