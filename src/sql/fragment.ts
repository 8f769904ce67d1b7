// SQL as a value: text with holes, and what fills the holes. Text comes only from templates in the source and
// from quoted identifiers; a value has no way to become text (threat: SQL injection).
const hole = Symbol('hole')

/** What fills a hole: the number of a slot of the plan. */
export type Sql = {
  readonly parts: readonly (string | { readonly [hole]: true; readonly slot: number })[]
}

/** A template of SQL; only other SQL can be put into it. */
export const sql = (strings: TemplateStringsArray, ...inner: readonly Sql[]): Sql => ({
  parts: strings.flatMap((text, i) => [text, ...(inner[i]?.parts ?? [])]),
})

/** The value of a slot. */
export const slotValue = (slot: number): Sql => ({ parts: [{ [hole]: true, slot }] })

/** A quoted name. Names come from the catalog, never from a request, and are quoted all the same. */
export const identifier = (name: string): Sql => {
  if (name.includes('\0')) throw new TypeError('A name cannot contain U+0000')
  return { parts: [`"${name.replaceAll('"', '""')}"`] }
}

/** A name of our own making, which needs no quotes: the alias of a row or a column. */
export const name = (alias: `t${number}` | `c${number}`): Sql => ({ parts: [alias] })

export const join = (items: readonly Sql[], separator: Sql): Sql => ({
  parts: items.flatMap((item, i) => (i === 0 ? item.parts : [...separator.parts, ...item.parts])),
})

export const empty: Sql = { parts: [] }

export type Statement = {
  readonly text: string
  /** For each placeholder, in order, the slot whose value it takes. */
  readonly slots: readonly number[]
}

/** Text with placeholders: `?` here, `$1` elsewhere. */
export const renderSql = (fragment: Sql, placeholder: (n: number) => string): Statement => {
  const slots: number[] = []
  const text = fragment.parts.map((part) =>
    typeof part === 'string' ? part : placeholder(slots.push(part.slot)),
  )
  return { text: text.join(''), slots }
}
