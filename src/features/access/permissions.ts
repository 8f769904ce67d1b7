/** HDP's permissions (management reference 1.1). Category `user`, `tenant` or `elevated`. */
export type PermissionDefinition = {
  readonly id: number
  readonly name: string
  readonly category: 'user' | 'tenant' | 'elevated'
  readonly description: string
}

const user = (id: number, name: string, description: string): PermissionDefinition => ({
  id,
  name,
  category: 'user',
  description,
})
const tenant = (id: number, name: string, description: string): PermissionDefinition => ({
  id,
  name,
  category: 'tenant',
  description,
})
const elevated = (id: number, name: string, description: string): PermissionDefinition => ({
  id,
  name,
  category: 'elevated',
  description,
})

export const permissions = [
  user(1, 'CreateDataSource', 'Create data sources.'),
  user(
    2,
    'ViewDataSource',
    'See the details of your own data sources, or of the one it is set on.',
  ),
  user(3, 'ModifyDataSource', 'Change your own data sources, or the one it is set on.'),
  user(4, 'DeleteDataSource', 'Delete your own data sources, or the one it is set on.'),
  user(5, 'UseDataSourceWithJDBC', 'Connect to data sources through the JDBC driver.'),
  user(6, 'UseDataSourceWithODBC', 'Connect to data sources through the ODBC driver.'),
  user(7, 'UseDataSourceWithOData', 'Query data sources through OData.'),
  user(8, 'WebUI', 'Use the web pages, as far as your other permissions reach.'),
  user(9, 'ChangePassword', 'Change your own password.'),
  user(10, 'SQLEditorWebUI', 'Run queries in the SQL editor of the web console.'),
  user(11, 'MgmtAPI', 'Use the management API.'),
  elevated(12, 'Administrator', 'Do everything, in every tenant.'),
  tenant(13, 'CreateUsers', 'Create users in the tenants that you administer.'),
  tenant(14, 'ViewUsers', 'List and read users of the tenants that you administer.'),
  tenant(15, 'ModifyUsers', 'Change users of the tenants that you administer.'),
  tenant(16, 'DeleteUsers', 'Delete users of the tenants that you administer.'),
  tenant(17, 'CreateRole', 'Create roles in the tenants that you administer.'),
  tenant(18, 'ViewRole', 'List and read roles of the tenants that you administer.'),
  tenant(19, 'ModifyRole', 'Change roles of the tenants that you administer.'),
  tenant(20, 'DeleteRole', 'Delete roles of the tenants that you administer.'),
  tenant(
    21,
    'OnBehalfOf',
    'Act for users of the tenants that you administer (the parameter user).',
  ),
  elevated(22, 'Configurations', 'Read and change configurations of the system.'),
  elevated(23, 'CORSwhitelist', 'Manage the origins that CORS trusts.'),
  elevated(24, 'Logging', 'Read and change the logging of data sources.'),
  elevated(
    25,
    'TenantAPI',
    'Create tenants, and read, change and delete those that you administer.',
  ),
  tenant(
    26,
    'RegisterExternalAuthService',
    'Manage external authentication services of the tenants that you administer.',
  ),
  elevated(27, 'Limits', 'Read and change limits.'),
  tenant(28, 'OAuth', 'Manage OAuth applications.'),
  tenant(29, 'IPWhitelist', 'Manage IP address whitelists.'),
] as const satisfies readonly PermissionDefinition[]

export const systemTenantId = 1

/** HDP's default roles (management reference 1.2). */
export const defaultRoles = [
  { id: 1, name: 'System Administrator', permissions: permissions.map((p) => p.id) },
  {
    id: 2,
    name: 'User',
    permissions: permissions.filter((p) => p.category === 'user').map((p) => p.id),
  },
  {
    id: 3,
    name: 'Tenant Administrator',
    permissions: permissions.filter((p) => p.category !== 'elevated').map((p) => p.id),
  },
] as const

/** The permissions that code asks for, by name. */
export const permission = {
  createDataSource: 1,
  viewDataSource: 2,
  modifyDataSource: 3,
  deleteDataSource: 4,
  useJdbc: 5,
  useOdbc: 6,
  useOData: 7,
  webUi: 8,
  changePassword: 9,
  managementApi: 11,
  administrator: 12,
  createUsers: 13,
  viewUsers: 14,
  modifyUsers: 15,
  deleteUsers: 16,
  createRole: 17,
  viewRole: 18,
  modifyRole: 19,
  deleteRole: 20,
  onBehalfOf: 21,
  configurations: 22,
  tenantApi: 25,
  limits: 27,
  oauth: 28,
} as const
