import type { ODataExpression } from '../ast.ts'
import type { EntityType, Model, NavigationProperty, Property } from '../edm/model.ts'
import { badRequest, type ODataError } from '../errors.ts'
import type { BoundExpression, Instance } from './bound.ts'

/** Nodes of a request at most; aliases may multiply what was written (threat T70). */
const mostNodes = 10_000

/** Rows of a request at most: each is a query of its own, or joined to one. */
const mostRows = 200

/** Counted over the whole of a request. */
export type Budget = {
  nodes: number
  rows: number
  /** How deep the $expand is that is being bound. */
  depth: number
}

export const createBudget = (): Budget => ({ nodes: 0, rows: 0, depth: 0 })

/** Where names are looked up, and which part of the URL a refusal names. */
export type Scope = {
  readonly model: Model
  readonly target: string
  /** The instance whose properties are named without more: `$this`. */
  readonly here: Instance
  /** The instance of the resource path: `$it`. */
  readonly it: Instance
  /** Lambda variables. */
  readonly variables: ReadonlyMap<string, Instance>
  /** Properties of `here` that `$compute` or `$apply` made. */
  readonly computed: ReadonlyMap<string, BoundExpression>
  readonly aliases: ReadonlyMap<string, ODataExpression>
  readonly budget: Budget
  /** Whether a path may lead to an entity, which then stands for its key: beside null, and to be counted. */
  readonly entities?: boolean
}

export const spend = (scope: Scope): void => {
  if (++scope.budget.nodes > mostNodes)
    throw badRequest(`The query has more than ${mostNodes} parts; simplify it.`, {
      target: scope.target,
    })
}

/** A new row of a type. Throws where the request has too many. */
export const rowOf = (
  type: EntityType,
  budget: Budget,
): Extract<Instance, { readonly kind: 'row' }> => {
  if (budget.rows >= mostRows)
    throw badRequest(
      `The query expands and asks too much (${mostRows} collections); leave something out.`,
    )
  return { kind: 'row', id: budget.rows++, type }
}

export const faultAt = ({ target }: Scope, message: string, position: number): ODataError =>
  badRequest(message, { target, position })

/** Edits that turn one name into the other, as far as they matter for a suggestion. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      )
    row = next
  }
  return row[b.length] ?? 0
}

const longestCompared = 64

/** ` Did you mean 'Name'?` for a name that is nearly one of those known, else nothing. */
export const suggestion = (name: string, known: Iterable<string>): string => {
  if (name.length > longestCompared) return ''
  let best: string | undefined
  let least = Math.min(3, Math.ceil(name.length / 2))
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > least) continue
    const edits = distance(name.toLowerCase(), candidate.toLowerCase())
    if (edits <= least && (best === undefined || edits < least)) [best, least] = [candidate, edits]
  }
  return best === undefined ? '' : ` Did you mean '${best}'?`
}

export const unknownProperty = (
  { name: typeName, properties, navigations }: EntityType,
  name: string,
  place: { readonly target: string; readonly position?: number },
): ODataError => {
  const hint = suggestion(name, [...properties.keys(), ...navigations.keys()])
  return badRequest(`'${typeName}' has no property '${name}'.${hint}`, place)
}

export const typeOfSet = ({ sets }: Model, { targetSet }: NavigationProperty): EntityType => {
  const set = sets.get(targetSet)
  if (set === undefined) throw new TypeError(`The model has no set '${targetSet}'`)
  return set.type
}

/** A structural property, computed or of the model; `undefined` when there is none. */
export const findProperty = (
  scope: Scope,
  instance: Instance,
  name: string,
): BoundExpression | undefined => {
  const computed = instance === scope.here ? scope.computed.get(name) : undefined
  if (computed !== undefined) return computed
  const property: Property | undefined = instance.type.properties.get(name)
  return property && { kind: 'property', instance, property, type: property.type }
}
