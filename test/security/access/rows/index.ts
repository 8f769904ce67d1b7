import type { Row } from '../table.ts'
import { dataSourceRows } from './data-sources.ts'
import { dataStoreRows } from './data-stores.ts'
import { limitRows } from './limits.ts'
import { oauthApplicationRows } from './oauth-applications.ts'
import { oauthProfileRows } from './oauth-profiles.ts'
import { passwordRows } from './passwords.ts'
import { personalRows } from './personal.ts'
import { roleRows } from './roles.ts'
import { sourcePermissionRows } from './source-permissions.ts'
import { tenantRows } from './tenants.ts'
import { userPartRows } from './user-parts.ts'
import { userRows } from './users.ts'

/** Every table; one line for each noun. */
export const rows: readonly Row[] = [
  ...personalRows,
  ...dataSourceRows,
  ...dataStoreRows,
  ...sourcePermissionRows,
  ...tenantRows,
  ...userRows,
  ...userPartRows,
  ...passwordRows,
  ...roleRows,
  ...oauthApplicationRows,
  ...oauthProfileRows,
  ...limitRows,
]
