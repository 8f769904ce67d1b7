import { allowedEndpoints, type AllowedDeps } from './authorizations/endpoints/endpoints.ts'
import { applicationEndpoints } from './client-applications/endpoints/index.ts'
import type { ApplicationDeps } from './client-applications/endpoints/shapes.ts'
import { type DataSourceDeps, dataSourceEndpoints } from './data-sources/endpoints/endpoints.ts'
import type { Endpoint } from './endpoint.ts'

export type EndpointDeps = ApplicationDeps & AllowedDeps & DataSourceDeps

/** Every endpoint of the management surface; one line for each noun. */
export const endpoints: readonly Endpoint<EndpointDeps>[] = [
  ...applicationEndpoints,
  ...allowedEndpoints,
  ...dataSourceEndpoints,
]
