import type { Compared } from './compare.ts'

export type Line = readonly string[]

export const heading: Line = [
  'row',
  'path',
  'limit',
  'ours',
  'ratio',
  'by cpu',
  'floor',
  'goal',
  'verdict',
  'p99',
]

const perSecond = (value: number): string => `${Math.round(value)}/s`

type Sense = 'more is better' | 'less is better'

/** What a value is worth against the floor that must hold and the goal that is wanted. */
export const judge = (value: number, floor: number, goal: number, sense: Sense): string => {
  const reaches = (bound: number): boolean =>
    sense === 'more is better' ? value >= bound : value <= bound
  if (reaches(goal)) return 'meets goal'
  return reaches(floor) ? 'above floor' : 'BELOW FLOOR'
}

/** The line of a path that was compared with its limit. */
export const comparedLine = (compared: Compared): Line => {
  const { target, ratio } = compared
  return [
    compared.row,
    compared.path,
    perSecond(compared.limitPerSecond),
    perSecond(compared.oursPerSecond),
    ratio.toFixed(2),
    compared.processorRatio?.toFixed(2) ?? '-',
    target?.floor.toFixed(2) ?? '-',
    target?.goal.toFixed(2) ?? '-',
    target === undefined
      ? 'for information'
      : judge(ratio, target.floor, target.goal, 'more is better'),
    `${compared.p99.toFixed(1)} ms`,
  ]
}

export const nodesHeading: Line = [
  'path',
  'one node',
  'two nodes',
  'ratio',
  'by cpu',
  'p99, two nodes',
]

/** The line of one node (in the limit's place) and two. */
export const nodesLine = (compared: Compared): Line => [
  compared.path,
  perSecond(compared.limitPerSecond),
  perSecond(compared.oursPerSecond),
  compared.ratio.toFixed(2),
  compared.processorRatio?.toFixed(2) ?? '-',
  `${compared.p99.toFixed(1)} ms`,
]

/** The line of a value that is bounded by itself; without the value, it says that it was not measured. */
export const boundedLine = (
  { row, path, unit }: { readonly row: string; readonly path: string; readonly unit: string },
  value: number | undefined,
  target: { readonly floor: number; readonly goal: number } | undefined,
): Line => [
  row,
  path,
  '-',
  value === undefined ? 'not measured' : `${Math.round(value)} ${unit}`,
  '-',
  '-',
  target === undefined ? '-' : `${target.floor} ${unit}`,
  target === undefined ? '-' : `${target.goal} ${unit}`,
  value === undefined
    ? '-'
    : target === undefined
      ? 'for information'
      : judge(value, target.floor, target.goal, 'less is better'),
  '-',
]

const isText = (name: string): boolean => ['row', 'path', 'verdict', 'tokens', 'who'].includes(name)

/** Columns of equal width below their names; words to the left, numbers to the right. */
export const renderTable = (names: Line, lines: readonly Line[]): string => {
  const widths = names.map((name, column) =>
    Math.max(name.length, ...lines.map((line) => line[column]?.length ?? 0)),
  )
  const pad = (cell: string, column: number): string =>
    isText(names[column] ?? '')
      ? cell.padEnd(widths[column] ?? 0)
      : cell.padStart(widths[column] ?? 0)
  return [names, ...lines].map((line) => line.map(pad).join('  ').trimEnd()).join('\n')
}
