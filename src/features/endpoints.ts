import { permissionEndpoints } from './access/endpoints/endpoints.ts'
import {
  passwordEndpoints,
  type PasswordEndpointDeps,
} from './authentication/endpoints/passwords.ts'
import { type PolicyDeps, policyEndpoints } from './authentication/endpoints/policies.ts'
import type { AccessDeps } from './authorizations/endpoints/access-shapes.ts'
import { applicationAccessEndpoints } from './authorizations/endpoints/application-accesses.ts'
import { allowedEndpoints, type AllowedDeps } from './authorizations/endpoints/endpoints.ts'
import { userAccessEndpoints } from './authorizations/endpoints/user-accesses.ts'
import { applicationEndpoints } from './client-applications/endpoints/index.ts'
import type { ApplicationDeps } from './client-applications/endpoints/shapes.ts'
import {
  type ConfigurationDeps,
  configurationEndpoints,
} from './configurations/endpoints/endpoints.ts'
import { type DataSourceDeps, dataSourceEndpoints } from './data-sources/endpoints/endpoints.ts'
import { type DataStoreDeps, dataStoreEndpoints } from './data-stores/endpoints.ts'
import type { Endpoint } from './endpoint.ts'
import { limitEndpoints } from './limits/endpoints/endpoints.ts'
import type { LimitDeps } from './limits/endpoints/shapes.ts'
import {
  type OAuthApplicationDeps,
  oauthApplicationEndpoints,
} from './oauth-applications/endpoints/endpoints.ts'
import {
  type OAuthConnectionDeps,
  oauthConnectionEndpoints,
} from './oauth-connections/endpoints/endpoints.ts'
import {
  type OAuthProfileDeps,
  oauthProfileEndpoints,
} from './oauth-profiles/endpoints/endpoints.ts'
import { type RoleDeps, roleEndpoints } from './roles/endpoints/endpoints.ts'
import { tenantEndpoints } from './tenants/endpoints/endpoints.ts'
import type { TenantDeps } from './tenants/endpoints/shapes.ts'
import { userPartEndpoints } from './users/endpoints/parts.ts'
import type { UserDeps } from './users/endpoints/shapes.ts'
import { userEndpoints } from './users/endpoints/users.ts'

export type EndpointDeps = PasswordEndpointDeps &
  ConfigurationDeps &
  OAuthApplicationDeps &
  OAuthProfileDeps &
  OAuthConnectionDeps &
  ApplicationDeps &
  AllowedDeps &
  AccessDeps &
  DataSourceDeps &
  DataStoreDeps &
  TenantDeps &
  RoleDeps &
  UserDeps &
  PolicyDeps &
  LimitDeps

/** Every endpoint of the management surface; one line for each noun. */
export const endpoints: readonly Endpoint<EndpointDeps>[] = [
  ...applicationEndpoints,
  ...allowedEndpoints,
  ...userAccessEndpoints,
  ...applicationAccessEndpoints,
  ...dataSourceEndpoints,
  ...dataStoreEndpoints,
  ...tenantEndpoints,
  ...oauthApplicationEndpoints,
  ...oauthProfileEndpoints,
  ...oauthConnectionEndpoints,
  ...roleEndpoints,
  ...permissionEndpoints,
  ...userEndpoints,
  ...userPartEndpoints,
  ...passwordEndpoints,
  ...policyEndpoints,
  ...configurationEndpoints,
  ...limitEndpoints,
]
