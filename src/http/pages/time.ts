import { type Html, html } from './html.ts'

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const

export function dayInWords(date: Date): string {
  return `${date.getUTCDate()} ${months[date.getUTCMonth()] ?? ''} ${date.getUTCFullYear()}`
}

/** In UTC and saying so: the server does not know where the reader is. */
export function momentInWords(date: Date): string {
  return `${dayInWords(date)}, ${date.toISOString().slice(11, 16)} UTC`
}

export function day(date: Date): Html {
  return html`<time datetime="${date.toISOString().slice(0, 10)}">${dayInWords(date)}</time>`
}

export function moment(date: Date): Html {
  return html`<time datetime="${date.toISOString()}">${momentInWords(date)}</time>`
}
