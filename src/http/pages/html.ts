import { checkSlots, type SlotPlace, type ValuePlace } from './html-slots.ts'

/**
 * The only producer of markup (T11). The brand is a private field of a class that nobody else can
 * construct, so a string, or an object that merely looks like a fragment, is always escaped.
 */
class Fragment {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  static markupOf(value: unknown): string | undefined {
    return typeof value === 'object' && value !== null && #markup in value
      ? value.#markup
      : undefined
  }
}

class AttributeList {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  static markupOf(value: unknown): string | undefined {
    return typeof value === 'object' && value !== null && #markup in value
      ? value.#markup
      : undefined
  }
}

export type Html = Fragment
export type Attributes = AttributeList

/** What may stand in a slot; `undefined` and `false` leave nothing behind. */
export type Slot = string | number | Html | Attributes | undefined | false | readonly Slot[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Both quotes are escaped everywhere, so one rule serves text and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** Addresses that a link or a form may have: a path of ours, or an absolute web address. */
const safeAddress = /^(?:\/(?![/\\])|https?:\/\/|#)/i

function renderInText(value: Slot): string {
  if (value === undefined || value === false) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  if (isList(value)) return value.map(renderInText).join('')
  const markup = Fragment.markupOf(value)
  if (markup === undefined) throw new TypeError('Attributes stand inside a tag, not in text.')
  return markup
}

function renderInValue(value: Slot, place: ValuePlace): string {
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new TypeError(`The attribute ${place.attribute} takes a string or a number.`)
  }
  const text = String(value)
  // T06: `javascript:` in a link would be a script although every character is escaped.
  if (place.isAddress && !safeAddress.test(text)) {
    throw new TypeError(`The attribute ${place.attribute} takes a path or a web address.`)
  }
  return escapeHtml(text)
}

function renderInTag(value: Slot): string {
  if (value === undefined || value === false) return ''
  const markup = AttributeList.markupOf(value)
  if (markup === undefined) throw new TypeError('Inside a tag only attributes() may stand.')
  return markup
}

function isList(value: Slot): value is readonly Slot[] {
  return Array.isArray(value)
}

function renderSlot(value: Slot, place: SlotPlace): string {
  if (place.kind === 'value') return renderInValue(value, place)
  return place.kind === 'tag' ? renderInTag(value) : renderInText(value)
}

export function html(strings: TemplateStringsArray, ...slots: readonly Slot[]): Html {
  const places = checkSlots(strings)
  let markup = strings[0] ?? ''
  for (const [index, place] of places.entries()) {
    markup += renderSlot(slots[index], place) + (strings[index + 1] ?? '')
  }
  return new Fragment(markup)
}

/** Attributes that depend on data: `true` gives a bare attribute, `undefined` and `false` give none. */
export function attributes(
  list: Readonly<Record<string, string | number | boolean | undefined>>,
): Attributes {
  const parts: string[] = []
  for (const [name, value] of Object.entries(list)) {
    if (!/^[a-z][a-z-]*$/.test(name) || /^(?:on|style$|href$|action$|src$)/.test(name)) {
      throw new TypeError(`The attribute ${name} is not for data.`)
    }
    if (value === undefined || value === false) continue
    parts.push(value === true ? name : `${name}="${escapeHtml(String(value))}"`)
  }
  return new AttributeList(parts.join(' '))
}

/** The finished document; a lone surrogate would otherwise be mangled by the UTF-8 encoder. */
export function renderHtml(document: Html): string {
  return `${Fragment.markupOf(document) ?? ''}\n`.toWellFormed()
}
