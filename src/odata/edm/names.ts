import type { Model } from './model.ts'

export type NameCase = 'Default' | 'Uppercase' | 'Lowercase'

/** A simple identifier of CSDL 15.2: other characters become `_`, a leading digit is preceded by one. */
export const edmName = (name: string): string => {
  const safe = name.replace(/[^\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]/gu, '_').slice(0, 127)
  return /^[\p{L}\p{Nl}_]/u.test(safe) ? safe : `_${safe}`
}

export const inCase = (name: string, nameCase: NameCase): string =>
  nameCase === 'Uppercase'
    ? name.toUpperCase()
    : nameCase === 'Lowercase'
      ? name.toLowerCase()
      : name

const ending = (word: string, text: string): string =>
  /[A-Z]$/.test(word) && word === word.toUpperCase() ? text.toUpperCase() : text

/** English plural of the last word: `Airport` → `Airports`, `COUNTRY` → `COUNTRIES`, `Box` → `Boxes`. */
export const pluralOf = (word: string): string => {
  if (/[^aeiou]y$/i.test(word)) return word.slice(0, -1) + ending(word, 'ies')
  if (/(s|x|z|ch|sh)$/i.test(word)) return word + ending(word, 'es')
  return word + ending(word, 's')
}

const looksPlural = (word: string): boolean => /[^s]s$/i.test(word) && !/(us|is)$/i.test(word)

const singularOf = (word: string): string => {
  if (/[^aeiou]ies$/i.test(word)) return word.slice(0, -3) + ending(word, 'y')
  if (/(x|z|ch|sh|s)es$/i.test(word)) return word.slice(0, -2)
  return word.slice(0, -1)
}

/**
 * Type and set name of a table. `GUESS` takes a table name that looks plural for the set name;
 * any other mode takes it for the type name.
 */
export const guessNames = (
  table: string,
  mode: string | undefined,
  singularSuffix: string | undefined,
): { readonly singular: string; readonly plural: string } => {
  const guessed = mode === 'GUESS' && looksPlural(table)
  const singular = guessed ? singularOf(table) : table
  const plural = guessed ? table : pluralOf(table)
  return { singular: singular === plural ? singular + (singularSuffix ?? '_') : singular, plural }
}

/** The first of `name`, `name_2`, `name_3` … that is not taken; it is taken afterwards. */
export const claimName = (name: string, taken: Set<string>): string => {
  let candidate = name
  for (let n = 2; taken.has(candidate); n++) candidate = `${name}_${n}`
  taken.add(candidate)
  return candidate
}

/** Type names and the container share one name space (CSDL 5.1). */
export const containerName = (sets: Model['sets']): string =>
  claimName('Container', new Set([...sets.values()].map(({ type }) => type.name)))
