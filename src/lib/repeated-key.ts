const token = /"(?:[^"\\]|\\.)*"|[{}:]/g

/**
 * The first name that stands twice in one object of a JSON text, or undefined. `JSON.parse` takes the last of
 * them without a word, so two readers of one request could see different things (T19).
 * @param text valid JSON
 */
export const repeatedKey = (text: string): string | undefined => {
  const objects: Set<string>[] = []
  let last = ''
  for (const [found] of text.matchAll(token)) {
    if (found === '{') objects.push(new Set())
    else if (found === '}') objects.pop()
    else if (found === ':') {
      const name = JSON.parse(last) as string
      const names = objects.at(-1)
      if (names?.has(name)) return name
      names?.add(name)
    }
    last = found
  }
  return undefined
}
