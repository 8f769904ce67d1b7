/**
 * Reads the fixed parts of a template, once per template, and says where each slot stands. A slot
 * in a place where escaping does not help (an unquoted value, a tag name, a script, a comment) is a
 * fault of ours and throws at the first rendering, so that no test can pass over it (T11).
 */
export type SlotPlace = { readonly kind: 'text' | 'tag' } | ValuePlace

export interface ValuePlace {
  readonly kind: 'value'
  readonly attribute: string
  /** The slot begins an address, so the scheme of the address is its own choice. */
  readonly isAddress: boolean
}

const addressAttributes = new Set(['href', 'src', 'action', 'formaction'])
const known = new WeakMap<TemplateStringsArray, readonly SlotPlace[]>()

export function checkSlots(strings: TemplateStringsArray): readonly SlotPlace[] {
  const before = known.get(strings)
  if (before) return before
  const places: SlotPlace[] = []
  let state = start
  for (const [index, part] of strings.entries()) {
    for (const character of part) state = step(state, character)
    if (index < strings.length - 1) places.push(placeOf(state))
    if (state.kind === 'value') state = { ...state, isEmpty: false }
  }
  if (state.kind !== 'text') throw new SyntaxError('A template ends inside a tag.')
  known.set(strings, places)
  return places
}

type State =
  | { readonly kind: 'text' }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'tag'; readonly attribute: string; readonly isOpen: boolean }
  | { readonly kind: 'value'; readonly attribute: string; readonly isEmpty: boolean }

const start: State = { kind: 'text' }

function step(state: State, character: string): State {
  switch (state.kind) {
    case 'text':
      return character === '<' ? { kind: 'name', name: '' } : state
    case 'name':
      return stepName(state.name, character)
    case 'value':
      if (character === '"') return { kind: 'tag', attribute: '', isOpen: false }
      return { ...state, isEmpty: false }
    case 'tag':
      return stepTag(state.attribute, character)
  }
}

function stepName(name: string, character: string): State {
  // A script, a style or a comment has rules of its own that this reader does not know: none exists.
  if (/^(?:script|style|textarea|!--)/i.test(name)) {
    throw new SyntaxError(`<${name}> is not used on pages.`)
  }
  if (character === '>') return start
  if (/\s/.test(character)) return { kind: 'tag', attribute: '', isOpen: true }
  return { kind: 'name', name: name + character }
}

function stepTag(attribute: string, character: string): State {
  if (character === '>') return start
  if (character === '"') {
    if (!attribute.endsWith('=')) throw new SyntaxError('A quote stands outside a value.')
    return { kind: 'value', attribute: attribute.slice(0, -1), isEmpty: true }
  }
  if (character === "'") throw new SyntaxError('Attribute values stand in double quotes.')
  if (/\s/.test(character)) return { kind: 'tag', attribute: '', isOpen: true }
  return { kind: 'tag', attribute: attribute + character, isOpen: false }
}

function placeOf(state: State): SlotPlace {
  if (state.kind === 'text') return { kind: 'text' }
  if (state.kind === 'tag' && state.isOpen) return { kind: 'tag' }
  if (state.kind !== 'value') throw new SyntaxError('A slot stands where it cannot be escaped.')
  const name = state.attribute.toLowerCase()
  if (name.startsWith('on') || name === 'style' || name === 'srcdoc') {
    throw new SyntaxError(`The attribute ${name} takes no slot.`)
  }
  return {
    kind: 'value',
    attribute: name,
    isAddress: addressAttributes.has(name) && state.isEmpty,
  }
}
