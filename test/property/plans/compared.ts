// Whether an answer is the one that was wanted.
import assert from 'node:assert/strict'
import type { Answer } from './naive-query.ts'
import { timeText, type Plain } from './naive-value.ts'
import type { Json, JsonRow } from './service.ts'

const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/
const clock = /^\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/

/** One form for each value, however many zeros it is written with; null and what is missing are one. */
const canonical = (json: Plain | undefined): string => {
  if (json === undefined || json === null) return 'null'
  if (typeof json === 'bigint') return `${json}`
  if (typeof json === 'number') return numberText(json)
  if (typeof json !== 'string') return String(json)
  if (/^-?\d+$/.test(json)) return `${BigInt(json)}`
  if (/^-?\d+\.\d+$/.test(json)) return numberText(Number(json))
  if (stamp.test(json)) return new Date(json).toISOString()
  return clock.test(json) ? timeText(json) : JSON.stringify(json)
}

/** Quotients are compared to twelve digits: engines keep more or less of them. */
const numberText = (number: number): string =>
  Number.isInteger(number) ? `${BigInt(number)}` : String(Number(number.toPrecision(12)))

type Tree = Json | Answer | Plain | readonly (Json | Answer)[]

const isTree = (tree: Tree | undefined): tree is JsonRow | Answer =>
  typeof tree === 'object' && tree !== null && !Array.isArray(tree)

/** `Customer/name` is the member `name` of `Customer`. */
const flat = (row: JsonRow | Answer, before = ''): readonly (readonly [string, string])[] =>
  Object.entries(row)
    .flatMap(([name, tree]: [string, Tree]): readonly (readonly [string, string])[] => {
      const path = before + name
      if (isTree(tree)) return flat(tree, `${path}/`)
      if (Array.isArray(tree))
        return [[path, `[${tree.map((each) => text(each as Answer)).join()}]`]]
      return [[path, canonical(tree as Plain)]]
    })
    .filter(([, value]) => value !== 'null')

/** A row as text, its members in the order of their names. */
const text = (row: JsonRow | Answer): string =>
  `{${flat(row)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value}`)
    .join()}}`

/** Compares rows one by one, or as a set in which some may stand twice. */
export const assertRows = (
  found: readonly JsonRow[],
  wanted: readonly Answer[],
  isOrdered: boolean,
  about: string,
): void => {
  const texts = [found.map(text), wanted.map(text)].map((list) =>
    isOrdered ? list : list.toSorted(),
  )
  const [mine = [], theirs = []] = texts
  const at = mine.findIndex((row, i) => row !== theirs[i])
  assert.equal(mine[at], theirs[at], `${about} (row ${at})`)
  assert.equal(mine.length, theirs.length, `${about} (rows)`)
}
