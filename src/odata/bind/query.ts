// The options of a query against the model: what each row shows, which rows, in which order.
import type { ComputeItem, ODataExpression, QueryOptions } from '../ast.ts'
import type { EntitySet, Model } from '../edm/model.ts'
import { badRequest, notSupported } from '../errors.ts'
import { bindApply } from './apply/apply.ts'
import type { BoundPipeline } from './apply/stage.ts'
import type { BoundExpression, BoundOrderItem, BoundOutput, Instance } from './bound.ts'
import { bindCondition, bindExpression } from './expression.ts'
import { bindExpand, type BoundExpand } from './expand.ts'
import { bindOrderItem } from './order-by.ts'
import { conjunction } from './outputs.ts'
import { bindSearch } from './search.ts'
import type { Budget, Scope } from './scope.ts'
import { bindSelect, listPaths } from './select.ts'

export type BoundQuery = {
  readonly set: EntitySet
  readonly row: Extract<Instance, { readonly kind: 'row' }>
  readonly outputs: readonly BoundOutput[]
  readonly expands: readonly BoundExpand[]
  /** The projection as the context URL lists it; `undefined` when there is none. */
  readonly listed: readonly string[] | undefined
  readonly filter: BoundExpression | undefined
  readonly orderBy: readonly BoundOrderItem[]
  readonly options: QueryOptions
  /** What `$apply` makes of the entities before anything else; then `row` is a row of what comes out. */
  readonly pipeline: BoundPipeline | undefined
}

/** What a query begins from. */
export type QueryStart = {
  readonly model: Model
  readonly set: EntitySet
  readonly row: BoundQuery['row']
  readonly budget: Budget
  /** `$it`, where it is another row than the query's own. */
  readonly it?: Instance
  readonly aliases: ReadonlyMap<string, ODataExpression>
}

/** Later items may use earlier ones. */
const bindCompute = (items: readonly ComputeItem[], scope: Scope): Scope['computed'] => {
  const computed = new Map(scope.computed)
  for (const { expression, alias, at } of items) {
    const { properties, navigations } = scope.here.type
    if (computed.has(alias) || properties.has(alias) || navigations.has(alias))
      throw badRequest(`'${alias}' is the name of a property already`, {
        target: '$compute',
        position: at,
      })
    computed.set(alias, bindExpression(expression, { ...scope, computed }))
  }
  return computed
}

/** What the rest of the options looks at: the entities, or what `$apply` makes of them. */
const afterApply = (options: QueryOptions, start: QueryStart, aliases: Scope['aliases']) => {
  const { model, set, row, budget } = start
  if (options.apply === undefined) return { set, row, pipeline: undefined }
  for (const name of ['expand', 'search'] as const)
    if (options[name] !== undefined)
      throw notSupported(`$${name} together with $apply`, { target: '$apply' })
  const pipeline = bindApply(options.apply, { model, row, budget, aliases })
  return { set: { name: set.name, type: pipeline.row.type }, row: pipeline.row, pipeline }
}

/** Binds the options of a collection, or of one entity. Throws `ODataError`. */
export const bindQuery = (options: QueryOptions, start: QueryStart): BoundQuery => {
  const { model, budget } = start
  const aliases = new Map([...start.aliases, ...options.aliases])
  const { set, row, pipeline } = afterApply(options, start, aliases)
  const { it = row } = start
  const plain = { model, here: row, it, variables: new Map(), budget, aliases }
  const none: Scope = { ...plain, target: '$compute', computed: new Map() }
  const computed = bindCompute(options.compute ?? [], none)
  const scope = (target: string): Scope => ({ ...plain, target, computed })
  const expands = bindExpand(options, scope('$expand'), (nested, of) =>
    bindQuery(nested, { model, budget, aliases, ...of }),
  )
  const plainSelect = bindSelect(options, scope('$select'), expands)
  const names = plainSelect.outputs.map(({ property }) => property.name)
  // Of rows that are no entities every member is listed (Data Aggregation 4.0 section 4).
  const select =
    pipeline?.isAggregated === true ? { ...plainSelect, listed: listPaths(names) } : plainSelect
  return {
    set,
    row,
    ...select,
    expands,
    filter: conjunction([
      options.filter && bindCondition(options.filter, scope('$filter')),
      options.search && bindSearch(options.search, scope('$search')),
    ]),
    // What $apply put in order stays so among equals (Data Aggregation 4.0 section 3.3.6).
    orderBy: [
      ...(options.orderBy ?? []).map((item) => bindOrderItem(item, scope('$orderby'))),
      ...(pipeline?.order ?? []),
    ],
    options: { ...options, aliases },
    pipeline,
  }
}
