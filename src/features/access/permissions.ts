/** HDP's permissions (management reference 1.1). Category `user`, `tenant` or `elevated`. */
export type PermissionDefinition = {
  readonly id: number
  readonly name: string
  readonly category: 'user' | 'tenant' | 'elevated'
}

const user = (id: number, name: string): PermissionDefinition => ({ id, name, category: 'user' })
const tenant = (id: number, name: string): PermissionDefinition => ({
  id,
  name,
  category: 'tenant',
})
const elevated = (id: number, name: string): PermissionDefinition => ({
  id,
  name,
  category: 'elevated',
})

export const permissions = [
  user(1, 'CreateDataSource'),
  user(2, 'ViewDataSource'),
  user(3, 'ModifyDataSource'),
  user(4, 'DeleteDataSource'),
  user(5, 'UseDataSourceWithJDBC'),
  user(6, 'UseDataSourceWithODBC'),
  user(7, 'UseDataSourceWithOData'),
  user(8, 'WebUI'),
  user(9, 'ChangePassword'),
  user(10, 'SQLEditorWebUI'),
  user(11, 'MgmtAPI'),
  elevated(12, 'Administrator'),
  tenant(13, 'CreateUsers'),
  tenant(14, 'ViewUsers'),
  tenant(15, 'ModifyUsers'),
  tenant(16, 'DeleteUsers'),
  tenant(17, 'CreateRole'),
  tenant(18, 'ViewRole'),
  tenant(19, 'ModifyRole'),
  tenant(20, 'DeleteRole'),
  tenant(21, 'OnBehalfOf'),
  elevated(22, 'Configurations'),
  elevated(23, 'CORSwhitelist'),
  elevated(24, 'Logging'),
  elevated(25, 'TenantAPI'),
  tenant(26, 'RegisterExternalAuthService'),
  elevated(27, 'Limits'),
  tenant(28, 'OAuth'),
  tenant(29, 'IPWhitelist'),
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
