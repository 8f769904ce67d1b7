// Half of a surrogate pair is no text: databases would store something else. Lines and directions would let one name
// look like another.
const unsuitable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

/** What is wrong with a name that people read, or undefined. */
export const nameFault = (name: string): string | undefined => {
  if (name.normalize('NFKC').trim() === '') return 'name must not be empty.'
  if (unsuitable.test(name)) return 'name must not contain control characters.'
  return undefined
}

/** What is wrong with a description, which may have lines, or undefined. */
export const descriptionFault = (description: string): string | undefined =>
  unsuitable.test(description.replaceAll(/[\n\t]/g, ''))
    ? 'description must not contain control characters.'
    : undefined
