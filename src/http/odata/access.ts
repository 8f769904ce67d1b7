import type { FastifyRequest } from 'fastify'
import { type Caller, holds } from '#features/access/caller.ts'
import { holdsOnSource } from '#features/access/source-permissions.ts'
import { permission } from '#features/access/permissions.ts'
import type { BearerCheck } from '#features/authorizations/bearer.ts'
import type { SourceRef } from '#features/data-sources/data-source.ts'
import type { DataSourceService } from '#features/data-sources/service.ts'
import type { ReadLimits, ReadLimitsOf } from '#features/limits/effective.ts'
import { ManagementError } from '#features/refusals.ts'
import { authorizationOf, type BasicAuthentication, type CallerReader } from '../authenticate.ts'

export type AccessDeps = {
  readonly basic: BasicAuthentication
  readonly readCaller: CallerReader
  readonly bearer: BearerCheck
  readonly dataSources: DataSourceService
  readonly readLimits: ReadLimitsOf
}

/** Who reads which data source; `stillOpen` asks again whether they may. */
export type Access = {
  readonly userId: number
  readonly source: SourceRef
  readonly limits: ReadLimits
  /** Whether the same credentials open the details of the data source as well (ViewDataSource); a token never does. */
  readonly seesSetUp: boolean
  readonly stillOpen: () => Promise<boolean>
}

/** A refusal of the OData surface that has to do with who asks, not with the language. */
export class AccessError extends Error {
  readonly status: number
  readonly code: string
  readonly challenges: readonly string[]
  constructor(status: number, code: string, message: string, challenges: readonly string[] = []) {
    super(message)
    this.status = status
    this.code = code
    this.challenges = challenges
  }
}

const basicChallenge = 'Basic realm="Headgate", charset="UTF-8"'

export const invalidToken = (): AccessError =>
  new AccessError(
    401,
    'InvalidToken',
    'The access token is unknown, expired or revoked. Refresh it, or authorize again.',
    [
      'Bearer realm="Headgate", error="invalid_token", error_description="The access token is unknown, expired or revoked"',
    ],
  )

export const noSource = (): AccessError =>
  new AccessError(404, 'NotFound', 'There is no data source of this name within your reach.')

const forbidden = (): AccessError =>
  new AccessError(403, 'Forbidden', 'You lack the permission UseDataSourceWithOData (7).')

const accessByBearer = async (deps: AccessDeps, token: string, name: string): Promise<Access> => {
  const outcome = await deps.bearer(token, name)
  switch (outcome.kind) {
    case 'open':
      return {
        userId: outcome.userId,
        source: outcome.source,
        limits: outcome.limits,
        seesSetUp: false,
        stillOpen: async () => {
          const again = await deps.bearer(token, name, true)
          return again.kind === 'open' && again.source.id === outcome.source.id
        },
      }
    case 'forbidden':
      throw forbidden()
    case 'no-source':
      throw noSource()
    case 'invalid':
      throw invalidToken()
  }
}

const authenticateBasic = async (
  deps: AccessDeps,
  credentials: Parameters<BasicAuthentication['authenticateCredentials']>[0],
): Promise<Caller> => {
  try {
    return await deps.basic.authenticateCredentials(credentials)
  } catch (error) {
    if (error instanceof ManagementError && error.row.status === 401)
      throw new AccessError(401, 'Unauthorized', error.message, [basicChallenge])
    // A right password that must be changed first.
    if (error instanceof ManagementError && error.row.status === 403)
      throw new AccessError(403, 'Forbidden', error.message)
    throw error
  }
}

const accessByBasic = async (deps: AccessDeps, caller: Caller, name: string): Promise<Access> => {
  const source = await deps.dataSources.readByName(caller.userId, name)
  if (source === undefined) throw holds(caller, permission.useOData) ? noSource() : forbidden()
  if (!holdsOnSource(source.permissions, caller.permissions, permission.useOData)) throw forbidden()
  const limits = await deps.readLimits(source.id)
  if (limits === undefined) throw noSource()
  return {
    userId: caller.userId,
    source,
    limits,
    seesSetUp: holdsOnSource(source.permissions, caller.permissions, permission.viewDataSource),
    // All that was asked at the beginning is asked again: user, permission, password, data source (T51).
    stillOpen: async () => {
      const now = await deps.readCaller(caller.userId)
      if (now === undefined || now.passwordVersion !== caller.passwordVersion) return false
      // Files belong to a tenant: who was moved to another one reads those of the old one no longer.
      if (now.tenantId !== caller.tenantId) return false
      if (now.mustChangePassword) return false
      const again = await deps.dataSources.readByName(caller.userId, name)
      return (
        again?.id === source.id &&
        holdsOnSource(again.permissions, now.permissions, permission.useOData)
      )
    },
  }
}

/** RFC 6750 section 2.1: the header alone carries a token; one in the URL is no token at all (T12, T72). */
export const findAccess = async (
  deps: AccessDeps,
  request: FastifyRequest,
  name: string,
): Promise<Access> => {
  const presented = authorizationOf(request)
  switch (presented.kind) {
    case 'bearer':
      return accessByBearer(deps, presented.token, name)
    case 'basic':
      return accessByBasic(deps, await authenticateBasic(deps, presented.credentials), name)
    case 'malformed':
      throw new AccessError(
        400,
        'BadRequest',
        'The Authorization header is malformed, or there is more than one.',
      )
    case 'none':
      throw new AccessError(
        401,
        'Unauthorized',
        'Send a bearer token, or HTTP Basic credentials.',
        ['Bearer realm="Headgate"', basicChallenge],
      )
  }
}
