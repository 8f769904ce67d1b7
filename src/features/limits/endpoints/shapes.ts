import Type from 'typebox'
import type { Limits } from '../service.ts'

export type LimitDeps = { readonly limits: Limits }

/** Any JSON value: a number of any size or digits; the service says what is wrong with it. */
export const ValueBody = Type.Object({
  value: Type.Unsafe<unknown>({
    description: 'A whole number within the bounds of the limit, or its digits as text',
    examples: [15],
  }),
})

/** 9000000000000000000 is beyond what a number holds; big integers are printed as they are. */
const BigValue = Type.Integer()

export const ValueShape = Type.Object({ value: BigValue })

const SetLimits = Type.Array(Type.Object({ id: Type.Integer(), value: BigValue }))

/** What to send as `after` for the rest; missing at the end. */
const next = Type.Optional(Type.Integer())

export const CatalogueShape = Type.Object({
  limits: Type.Array(
    Type.Object({
      id: Type.Integer(),
      name: Type.String(),
      description: Type.String(),
      minValue: BigValue,
      maxValue: BigValue,
      defaultValue: BigValue,
      validForLimits: Type.Integer(),
    }),
  ),
})

export const SystemShape = Type.Object({ limits: SetLimits })

export const TenantsShape = Type.Object({
  tenantLimits: Type.Array(
    Type.Object({ tenantId: Type.Integer(), tenantName: Type.String(), limits: SetLimits }),
  ),
  next,
})

export const UsersShape = Type.Object({
  userLimits: Type.Array(
    Type.Object({ userId: Type.Integer(), userName: Type.String(), limits: SetLimits }),
  ),
  next,
})

export const DataSourcesShape = Type.Object({
  dataSourceLimits: Type.Array(
    Type.Object({
      dataSourceId: Type.Integer(),
      dataSourceName: Type.String(),
      isGroup: Type.Boolean(),
      limits: SetLimits,
    }),
  ),
  next,
})
