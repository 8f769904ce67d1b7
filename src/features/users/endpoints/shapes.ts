import Type from 'typebox'
import { Id, Ids } from '../../shapes.ts'
import type { UserAdministration } from '../administration.ts'
import type { UserParts } from '../parts.ts'

// What the users API is sent and answers (management reference 2.2, 2.3).

export type UserDeps = {
  readonly userAdministration: UserAdministration
  readonly userParts: UserParts
}

const Time = Type.String({ maxLength: 40 })

/** 1 active, 0 inactive. */
const Status = Type.Integer({ minimum: 0, maximum: 1 })

export const StatusBody = Type.Object({
  status: Status,
  accountLocked: Type.Optional(Type.Boolean()),
  /** When a lock began is the server's to say; taken so that an answer can be sent back. */
  accountLockedAt: Type.Optional(Time),
  accountLockedUntil: Type.Optional(Time),
})

/** 1 active, 2 must be changed. */
const PasswordStatus = Type.Integer({ minimum: 1, maximum: 2 })
const passwordFields = {
  password: Type.Optional(Type.String()),
  passwordExpiration: Type.Optional(Type.Union([Time, Type.Null()])),
}

export const GrantsBody = Type.Object({ roles: Ids, permissions: Type.Optional(Ids) })

export const AuthUsersBody = Type.Object({
  authUsers: Type.Array(
    Type.Object({ authUserName: Type.String({ maxLength: 128 }), authServiceId: Id }),
    {
      maxItems: 100,
    },
  ),
})

const userFields = {
  userName: Type.String(),
  tenantId: Type.Optional(Id),
  statusInfo: StatusBody,
  permissions: GrantsBody,
  authenticationInfo: Type.Optional(AuthUsersBody),
}

export const CreateBody = Type.Object({
  ...userFields,
  passwordInfo: Type.Optional(
    Type.Object({ ...passwordFields, passwordStatus: Type.Optional(PasswordStatus) }),
  ),
})

export const ReplaceBody = Type.Object({
  ...userFields,
  id: Type.Optional(Id),
  passwordInfo: Type.Optional(Type.Object({ ...passwordFields, passwordStatus: PasswordStatus })),
})

export const TenantsBody = Type.Object({ tenantsAdministered: Ids })

export const StatusShape = Type.Object({
  status: Type.Integer(),
  accountLocked: Type.Boolean(),
  accountLockedAt: Type.Optional(Type.String()),
  accountLockedUntil: Type.Optional(Type.String()),
})

const TimeOrNone = Type.Union([Type.String(), Type.Null()])
const Numbers = Type.Array(Type.Integer())

export const GrantsShape = Type.Object({ roles: Numbers, permissions: Numbers })

export const AuthUsersShape = Type.Object({
  authUsers: Type.Array(
    Type.Object({ authUserName: Type.String(), authServiceId: Type.Integer() }),
  ),
})

const listed = {
  id: Type.Integer(),
  userName: Type.String(),
  tenantId: Type.Integer(),
  tenantName: Type.Optional(Type.String()),
  statusInfo: StatusShape,
}

const ListedUser = Type.Object({
  ...listed,
  passwordInfo: Type.Object({ passwordStatus: Type.Integer(), passwordExpiration: TimeOrNone }),
  permissions: GrantsShape,
})

/** What to send as `after` for the rest; missing at the end. */
const next = Type.Optional(Type.Integer())

export const UsersShape = Type.Object({ users: Type.Array(ListedUser), next })

export const UserShape = Type.Object({
  ...ListedUser.properties,
  authenticationInfo: AuthUsersShape,
  tenantsAdministered: Type.Optional(Numbers),
})

export const FoundShape = Type.Object({
  users: Type.Array(
    Type.Object({
      ...listed,
      authUsername: Type.String(),
      authServiceIds: Numbers,
      permissions: GrantsShape,
    }),
  ),
})

export const TenantsShape = Type.Object({ tenantsAdministered: Numbers })

export const SourcesShape = Type.Object({
  dataSources: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      dataStore: Type.Integer(),
      isGroup: Type.Boolean(),
      description: Type.String(),
      permissions: Numbers,
    }),
  ),
  next,
})

export const OwnUserShape = Type.Object({
  userId: Type.Integer(),
  passwordExpiration: TimeOrNone,
  permissions: Numbers,
})

export const OwnPermissionsShape = Type.Object({ permissions: Numbers })
