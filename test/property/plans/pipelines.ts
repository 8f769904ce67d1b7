// Random `$apply`: transformations, each of what the ones before it leave.
import type { Model } from '#odata/edm/model.ts'
import type { Choose } from './choose.ts'
import { condition, value } from './expressions.ts'
import {
  isTold,
  orderText,
  queryText,
  rowOptions,
  selecting,
  speechOf,
  type Option,
} from './requests.ts'
import { fieldsOf, navigationsOf, shapeOf, type Field, type Kind, type Shape } from './shapes.ts'

type Step = { readonly text: string; readonly shape: Shape }

type Maker = {
  readonly model: Model
  readonly choose: Choose
  /** A name that nothing has. */
  readonly name: () => string
}

const summable: readonly Kind[] = ['whole', 'number']
const computeKinds = ['whole', 'number', 'text'] as const

const methods: Record<Kind, readonly string[]> = {
  text: ['countdistinct', 'min', 'max'],
  whole: ['sum', 'average', 'min', 'max', 'countdistinct'],
  big: ['max', 'min', 'countdistinct'],
  number: ['sum', 'average', 'min', 'max', 'countdistinct'],
  average: ['max', 'min'],
  flag: ['countdistinct'],
  stamp: ['max', 'min', 'countdistinct'],
  date: ['max', 'min', 'countdistinct'],
  clock: ['max', 'min', 'countdistinct'],
  guid: ['countdistinct'],
}

const resultOf = (method: string, kind: Kind): Kind => {
  if (method === 'countdistinct') return 'whole'
  return method === 'average' ? 'average' : kind
}

const aggregateItem = (maker: Maker, shape: Shape): Step & { readonly field: Field } => {
  const { model, choose, name } = maker
  const path = name()
  const done = (text: string, kind: Kind) => {
    const field = { path, kind }
    return { text: `${text} as ${path}`, field, shape: { type: undefined, fields: [field] } }
  }
  const related = navigationsOf(shape, false)
  if (choose.often(10) && related.length > 0)
    return done(`${choose.of(related).name} with countdistinct`, 'whole')
  const found = fieldsOf(model, shape, choose.below(2))
  if (choose.often(25) || found.length === 0) return done('$count', 'whole')
  if (choose.often(20)) {
    const kind = choose.of(summable)
    const method = choose.of(methods[kind])
    const text = `(${value(speechOf(model, choose, shape), kind)}) mul 1`
    return done(`${text} with ${method}`, resultOf(method, kind))
  }
  const { path: of, kind } = choose.of(found)
  const isRelated = of.includes('/') && !shape.fields.some(({ path: own }) => own === of)
  // Each related entity counts once in these, which is not offered.
  const method = choose.of(
    methods[kind].filter((each) => !isRelated || (each !== 'sum' && each !== 'average')),
  )
  return done(`${of} with ${method}`, resultOf(method, kind))
}

const aggregate = (maker: Maker, shape: Shape): Step => {
  const items = maker.choose.some(1, 3, () => aggregateItem(maker, shape))
  return {
    text: `aggregate(${items.map(({ text }) => text).join(',')})`,
    shape: { type: undefined, fields: items.map(({ field }) => field) },
  }
}

const compute = (maker: Maker, shape: Shape): Step => {
  const { model, choose, name } = maker
  const kind = choose.of(computeKinds)
  const path = name()
  return {
    text: `compute(${value(speechOf(model, choose, shape), kind)} as ${path})`,
    shape: { ...shape, fields: [...shape.fields, { path, kind }] },
  }
}

const filter = ({ model, choose }: Maker, shape: Shape): Step => ({
  text: `filter(${condition(speechOf(model, choose, shape), 1)})`,
  shape,
})

/** What each group has first by some number: as it is, or aggregated. */
const rankedGroups = (
  maker: Maker,
  shape: Shape,
  { fields, own }: { readonly fields: readonly Field[]; readonly own: Step },
): Step => {
  const { choose } = maker
  const ranks = choose.some(1, 2, () => ranking(maker, shape).text)
  const listed = fields.map(({ path }) => path).join(',')
  const text = (...more: readonly string[]) =>
    `groupby((${listed}),${[...ranks, ...more].join('/')})`
  if (choose.often(40))
    return {
      text: text(own.text),
      shape: { type: undefined, fields: [...fields, ...own.shape.fields] },
    }
  const all = new Map([...shape.fields, ...fields].map((field) => [field.path, field]))
  const ranked = { type: shape.type, fields: [...all.values()] }
  if (!choose.often(30)) return { text: text(), shape: ranked }
  const more = choose.of([filter, compute])(maker, ranked)
  return { text: text(more.text), shape: more.shape }
}

const groupby = (maker: Maker, shape: Shape): Step => {
  const { model, choose } = maker
  const all = fieldsOf(model, shape, choose.below(3)).filter(({ kind }) => kind !== 'average')
  const keys = [
    ...new Set(choose.some(1, 3, () => (all.length === 0 ? undefined : choose.of(all)))),
  ]
  const fields = keys.filter((key) => key !== undefined)
  if (fields.length === 0) return aggregate(maker, shape)
  const paths = fields.map(({ path }) => path)
  const rolled = choose.often(35) ? Math.min(paths.length, 3 - choose.below(3)) : 0
  const listed = [
    ...(rolled > 0 ? [`rollup(${paths.slice(0, rolled).join(',')})`] : []),
    ...paths.slice(rolled),
  ]
  const own = aggregate(maker, shape)
  if (rolled === 0 && choose.often(25)) return rankedGroups(maker, shape, { fields, own })
  let step: Step = { text: '', shape: { type: undefined, fields } }
  if (choose.often(70))
    step = {
      text: `,${own.text}`,
      shape: { type: undefined, fields: [...fields, ...own.shape.fields] },
    }
  if (step.text !== '' && choose.often(20)) {
    // What a group is made of has no part in it any more.
    const more = choose.of([filter, compute])(maker, own.shape)
    const shown = { type: undefined, fields: [...fields, ...more.shape.fields] }
    step = { text: `${step.text}/${more.text}`, shape: shown }
  }
  return { text: `groupby((${listed.join(',')})${step.text})`, shape: step.shape }
}

const rankings = ['topcount', 'bottomcount', 'topsum', 'bottomsum', 'toppercent', 'bottompercent']

const ranking = (maker: Maker, shape: Shape): Step => {
  const { model, choose } = maker
  const kind = choose.of(rankings)
  const measure = value(speechOf(model, choose, shape), choose.of(summable))
  const amount = kind.endsWith('count')
    ? choose.of(['1', '2', '5', '40'])
    : choose.of(['1', '10', '50', '71933.25', '100'].slice(0, kind.endsWith('percent') ? 3 : 5))
  return { text: `${kind}(${amount},${measure})`, shape }
}

const ordered = (maker: Maker, shape: Shape): Step => {
  const { model, choose } = maker
  const cuts = choose.few(['skip(2)', 'top(3)', 'top(71933)', 'skip(1)'], 30)
  const order = `orderby(${orderText(speechOf(model, choose, shape))})`
  return { text: [order, ...cuts].join('/'), shape }
}

const concat = (maker: Maker, shape: Shape, depth: number): Step => {
  const branches = maker.choose.some(2, 3, () => pipeline(maker, shape, depth + 1))
  const fields = new Map(branches.flatMap((each) => each.shape.fields.map((f) => [f.path, f])))
  const isPlain = branches.every((each) => each.shape.type !== undefined)
  return {
    text: `concat(${branches.map(({ text }) => text).join(',')})`,
    shape: { type: isPlain ? shape.type : undefined, fields: [...fields.values()] },
  }
}

const transformation = (maker: Maker, shape: Shape, depth: number): Step => {
  switch (maker.choose.below(depth < 2 ? 11 : 10)) {
    case 0:
      return { text: 'identity', shape }
    case 1:
    case 2:
      return filter(maker, shape)
    case 3:
      return compute(maker, shape)
    case 4:
      return aggregate(maker, shape)
    case 5:
    case 6:
      return groupby(maker, shape)
    case 7:
    case 8:
      return ranking(maker, shape)
    case 9:
      return ordered(maker, shape)
    default:
      return concat(maker, shape, depth)
  }
}

const pipeline = (maker: Maker, start: Shape, depth: number): Step => {
  let shape = start
  const texts = maker.choose.some(1, depth === 0 ? 4 : 2, () => {
    const step = transformation(maker, shape, depth)
    shape = step.shape
    return step.text
  })
  return { text: texts.join('/'), shape }
}

/** A request with `$apply`, and options that see what comes out of it. */
export const applyRequest = (model: Model, choose: Choose): string => {
  const set = choose.of([...model.sets.values()].filter(({ name }) => isTold(name)))
  let names = 0
  const name = () => `made${++names}`
  const { text, shape } = pipeline({ model, choose, name }, shapeOf(set.type), 0)
  const options: readonly Option[] = [
    ['$apply', text],
    ...(choose.often(50) ? rowOptions(speechOf(model, choose, shape)) : []),
    ...(choose.often(20) ? selecting(choose, shape) : []),
  ]
  return `/${set.name}?${queryText(options)}`
}
