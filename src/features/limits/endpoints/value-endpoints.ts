import { type Endpoint, endpoint, type EndpointInput } from '../../endpoint.ts'
import type { RefusalRow } from '../../refusals.ts'
import type { LimitLevel } from '../catalogue.ts'
import type { LimitOwner } from '../service.ts'
import { common, reading } from './common.ts'
import { type LimitDeps, ValueBody, ValueShape } from './shapes.ts'

type Ids = Pick<EndpointInput<unknown>, 'id' | 'other' | 'third'>

/** A level as its addresses have it. */
type Level = {
  readonly level: LimitLevel
  /** For summaries. */
  readonly noun: string
  readonly path: string
  /** The permission to change it. */
  readonly writing: number
  readonly unknownId: RefusalRow
  /** What the ids of the path mean. */
  readonly read: (ids: Ids) => { readonly owner: LimitOwner; readonly limitId: number }
}

/** Reading, setting (twice: POST and PUT) and removing a value of one level (management reference 5.1). */
export const valueEndpoints = (of: Level): readonly Endpoint<LimitDeps>[] => {
  const { level, noun, path, unknownId } = of
  const changing = { ...common, path, unknownId, permissions: [of.writing] } as const

  const read = endpoint<LimitDeps>({
    ...reading,
    name: `read-${level}-limit`,
    path,
    unknownId,
    summary: `Read a limit ${noun}, if it is set there`,
    answer: ValueShape,
    handle: async ({ limits }, caller, input) => {
      const { owner, limitId } = of.read(input)
      return limits.read(caller, owner, limitId)
    },
  })

  const setting = {
    ...changing,
    audit: 'limit.set',
    body: ValueBody,
    answer: ValueShape,
    handle: async (
      { limits }: LimitDeps,
      caller: Parameters<Endpoint<LimitDeps>['handle']>[1],
      input: EndpointInput<{ value: unknown }>,
    ) => {
      const { owner, limitId } = of.read(input)
      return limits.set(caller, owner, limitId, input.body.value)
    },
  } as const

  const create = endpoint<LimitDeps, typeof ValueBody>({
    ...setting,
    name: `create-${level}-limit`,
    method: 'POST',
    summary: `Set a limit ${noun}; 200 when it was set already`,
    success: 201,
    replaced: (answer) => (answer as { replaced: boolean }).replaced,
    location: (_answer, { id, other, third }) =>
      path.replace(':id', `${id}`).replace(':other', `${other}`).replace(':third', `${third}`),
  })

  const update = endpoint<LimitDeps, typeof ValueBody>({
    ...setting,
    name: `update-${level}-limit`,
    method: 'PUT',
    summary: `Set a limit ${noun}, whether it was set or not`,
    success: 200,
  })

  const remove = endpoint<LimitDeps>({
    ...changing,
    name: `delete-${level}-limit`,
    method: 'DELETE',
    summary: `Remove a limit ${noun}: what comes next in precedence holds again`,
    audit: 'limit.removed',
    success: 204,
    handle: async ({ limits }, caller, input) => {
      const { owner, limitId } = of.read(input)
      return limits.remove(caller, owner, limitId)
    },
  })

  return [read, create, update, remove]
}
