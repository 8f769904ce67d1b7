// Random requests for entities: what is wanted of them, which of them, and what is expanded in them.
import type { EntityType, Model, NavigationProperty } from '#odata/edm/model.ts'
import { encodeQueryText } from '#odata/render/url.ts'
import type { Choose } from './choose.ts'
import { condition, value, type Speech } from './expressions.ts'
import { navigationsOf, shapeOf, targetOf, type Kind, type Shape } from './shapes.ts'

export type Option = readonly [name: string, text: string]

const orderable: readonly Kind[] = [
  'text',
  'whole',
  'big',
  'number',
  'flag',
  'stamp',
  'date',
  'clock',
  'guid',
]

export const speechOf = (model: Model, choose: Choose, shape: Shape): Speech => ({
  model,
  choose,
  speakers: [{ prefix: '', shape }],
})

export const orderText = (speech: Speech): string =>
  speech.choose
    .some(1, 3, () => {
      const item = value(speech, speech.choose.of(orderable))
      return speech.choose.often(50) ? `${item} desc` : item
    })
    .join(',')

const countText = (choose: Choose): string => String(choose.of([1, 2, 3, 0, 7, 51, 120]))

/** Which rows, in which order, how many; for collections. */
export const rowOptions = (speech: Speech): readonly Option[] => {
  const { choose } = speech
  const options: Option[] = []
  if (choose.often(50)) options.push(['$filter', condition(speech)])
  if (choose.often(50)) options.push(['$orderby', orderText(speech)])
  if (choose.often(30)) options.push(['$top', countText(choose)])
  if (choose.often(25)) options.push(['$skip', countText(choose)])
  if (choose.often(30)) options.push(['$count', 'true'])
  return options
}

const computeKinds = ['whole', 'text', 'number'] as const

/** `$compute`, and the shape that comes of it. */
export const computing = (
  speech: Speech,
  shape: Shape,
): { readonly options: readonly Option[]; readonly shape: Shape } => {
  const { choose } = speech
  if (!choose.often(25)) return { options: [], shape }
  const kind = choose.of(computeKinds)
  const text = `${value(speech, kind)} as made`
  return {
    options: [['$compute', text]],
    shape: { ...shape, fields: [...shape.fields, { path: 'made', kind }] },
  }
}

export const selecting = (choose: Choose, { fields }: Shape): readonly Option[] => {
  if (!choose.often(50)) return []
  const names = choose.few(fields, 30).map(({ path }) => path)
  return names.length === 0 ? [] : [['$select', names.join(',')]]
}

const nested = (options: readonly Option[]): string =>
  options.length === 0 ? '' : `(${options.map(([name, text]) => `${name}=${text}`).join(';')})`

const expandItem = (
  model: Model,
  choose: Choose,
  navigation: NavigationProperty,
  { from, depth }: { readonly from: EntityType; readonly depth: number },
): string => {
  const { name, collection } = navigation
  const target = targetOf(model, navigation)
  if (collection && choose.often(15)) {
    const speech = speechOf(model, choose, shapeOf(target))
    return `${name}/$count${nested(choose.often(50) ? [['$filter', condition(speech)]] : [])}`
  }
  const isOwn = target === from && choose.often(60)
  const levels: readonly Option[] = isOwn ? [['$levels', choose.of(['2', '1', '3', 'max'])]] : []
  const deep = isOwn ? 3 : depth + 1
  return (
    name + nested([...entityOptions(model, choose, target, { collection, depth: deep }), ...levels])
  )
}

/** The options of entities, of one or of many; `depth` counts how deep they are expanded. */
export const entityOptions = (
  model: Model,
  choose: Choose,
  type: EntityType,
  { collection, depth }: { readonly collection: boolean; readonly depth: number },
): readonly Option[] => {
  const plain = shapeOf(type)
  const { options: computed, shape } = computing(speechOf(model, choose, plain), plain)
  const rows = collection ? rowOptions(speechOf(model, choose, shape)) : []
  const all = [...navigationsOf(plain, true), ...navigationsOf(plain, false)]
  const expanded = depth < 3 ? choose.few(all, depth === 0 ? 40 : 25).slice(0, 2) : []
  const items = expanded.map((each) => expandItem(model, choose, each, { from: type, depth }))
  const expand: readonly Option[] = items.length === 0 ? [] : [['$expand', items.join(',')]]
  return [...computed, ...rows, ...selecting(choose, shape), ...expand]
}

export const queryText = (options: readonly Option[]): string =>
  options.map(([name, text]) => `${name}=${encodeQueryText(text)}`).join('&')

/** A request for entities of some set. */
export const entityRequest = (model: Model, choose: Choose): string => {
  const set = choose.of([...model.sets.values()].filter(({ name }) => isTold(name)))
  const options = entityOptions(model, choose, set.type, { collection: true, depth: 0 })
  return `/${set.name}?${queryText(options)}`
}

/** The sets of the data; engines have others for other tests. */
export const isTold = (name: string): boolean => !/^(?:big|runaway)/i.test(name)
