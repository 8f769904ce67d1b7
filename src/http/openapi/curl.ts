import { sampleOf } from './sample.ts'
import type { ApiParameter, Operation } from './types.ts'

/** As one word of a shell; single quotes unless the text has some, and nothing that double quotes would change. */
const quote = (text: string): string => {
  if (!text.includes("'")) return `'${text}'`
  return /["$`\\!]/.test(text) ? `'${text.replaceAll("'", "'\\''")}'` : `"${text}"`
}

const valueOf = ({ name, schema, example }: ApiParameter): string =>
  String(example ?? sampleOf(schema, name))

const urlOf = (server: string, path: string, { parameters = [] }: Operation): string => {
  const filled = path.replaceAll(/\{(\w+)\}/g, (braces, name: string) => {
    const parameter = parameters.find((each) => each.in === 'path' && each.name === name)
    return parameter === undefined
      ? braces
      : encodeURIComponent(valueOf(parameter)).replaceAll('%2C', ',')
  })
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required === true)
    .map((parameter) => `${parameter.name}=${encodeURIComponent(valueOf(parameter))}`)
  return `${server}${filled}${query.length === 0 ? '' : `?${query.join('&')}`}`
}

const credentialsOf = ({ security }: Operation): readonly string[] => {
  const [first = {}] = security
  if ('basic' in first) return ["-u 'name:password'"]
  if ('bearer' in first) return ['-H "Authorization: Bearer $TOKEN"']
  return 'client' in first ? ['-u "$CLIENT_ID:$CLIENT_SECRET"'] : []
}

const bodyOf = ({ requestBody }: Operation): readonly string[] => {
  const [[type, media] = []] = Object.entries(requestBody?.content ?? {})
  if (type === undefined || media === undefined) return []
  const sample = sampleOf(media.schema) as Readonly<Record<string, unknown>>
  return type === 'application/json'
    ? ["-H 'content-type: application/json'", `-d ${quote(JSON.stringify(sample))}`]
    : Object.entries(sample).map(
        ([name, value]) => `--data-urlencode ${quote(`${name}=${String(value)}`)}`,
      )
}

/** A request as one would type it, made of the schemas alone. */
export const curlOf = (
  server: string,
  path: string,
  method: string,
  operation: Operation,
): string => {
  const body = bodyOf(operation)
  const usual = body.length === 0 ? 'GET' : 'POST'
  const verb = method.toUpperCase()
  return [
    'curl',
    ...(verb === usual ? [] : [`-X ${verb}`]),
    ...credentialsOf(operation),
    quote(urlOf(server, path, operation)),
    ...body,
  ].reduce((line, word) => {
    const last = line.slice(line.lastIndexOf('\n') + 1)
    return last !== 'curl' && last.length + word.length > 76
      ? `${line} \\\n  ${word}`
      : `${line} ${word}`
  })
}
