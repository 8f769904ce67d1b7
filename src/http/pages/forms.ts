import { attributes, type Html, html, type Slot } from './html.ts'

/** T14: every form that posts carries it. */
export function csrfField(csrf: string): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}">`
}

/** Text that somebody else chose: kept apart so that its writing direction cannot reorder ours (T16). */
export function foreign(text: string): Html {
  return html`<bdi>${visible(text)}</bdi>`
}

/**
 * Marks that turn the direction of writing could show `moc.elpmaxe` as `example.com` inside a name,
 * and control characters could hide a part of it (T16). Joiners stay: scripts and emoji need them.
 */
export function visible(text: string): string {
  return text
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff]/g, '')
    .replace(/\p{Cc}+/gu, ' ')
}

/** A host or an address: always left to right, and breakable, so that its end is never hidden. */
export function address(text: string): Html {
  return html`<bdi class="address" dir="ltr">${visible(text)}</bdi>`
}

export const problemId = 'problem'

export function problemBox(problem: string | undefined): Html | undefined {
  if (problem === undefined) return undefined
  return html`<div class="box box-problem" role="alert" id="${problemId}"><p>${problem}</p></div>`
}

export function noticeBox(notice: Slot): Html | undefined {
  if (notice === undefined || notice === false) return undefined
  return html`<div class="box box-notice" role="status"><p>${notice}</p></div>`
}

export function warningBox(title: string, text: Slot): Html {
  return html`<div class="box box-warning"><p><strong>${title}</strong> ${text}</p></div>`
}

/** Screen readers hear the kind of page first when something went wrong. */
export function titleOf(title: string, problem: string | undefined): string {
  return problem === undefined ? title : `Problem: ${title}`
}

export interface Field {
  readonly name: string
  readonly label: string
  readonly type: 'text' | 'password'
  readonly autocomplete: 'username' | 'current-password' | 'new-password'
  readonly value?: string
  readonly maxLength?: number
  readonly hasFocus?: boolean
  readonly describedBy?: string | undefined
  readonly isInvalid?: boolean
}

export function field(model: Field): Html {
  const isName = model.type === 'text'
  const input = attributes({
    type: model.type,
    name: model.name,
    id: model.name,
    value: model.value,
    autocomplete: model.autocomplete,
    maxlength: model.maxLength,
    autocapitalize: isName && 'none',
    autocorrect: isName && 'off',
    spellcheck: isName && 'false',
    autofocus: model.hasFocus,
    required: true,
    'aria-describedby': model.describedBy,
    'aria-invalid': model.isInvalid && 'true',
  })
  return html`<div class="field"><label for="${model.name}">${model.label}</label><input ${input}></div>`
}

export interface TickBox {
  readonly name: string
  readonly value: string
  readonly id: string
  readonly isTicked: boolean
  readonly label: Slot
  readonly hint?: Slot
}

/** The whole row is the label, so the target is as large as it looks (WCAG 2.2 section 2.5.8). */
export function tickBox(model: TickBox): Html {
  const hintId = `${model.id}-hint`
  const input = attributes({
    type: 'checkbox',
    name: model.name,
    value: model.value,
    id: model.id,
    checked: model.isTicked,
    'aria-describedby': model.hint !== undefined && hintId,
  })
  return html`<div class="tick"><input ${input}><label for="${model.id}"><span class="tick-label">${model.label}</span></label>${
    model.hint !== undefined && html`<p class="tick-hint" id="${hintId}">${model.hint}</p>`
  }</div>`
}
