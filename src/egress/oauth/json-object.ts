import { repeatedKey } from '#lib/repeated-key.ts'

/**
 * Bytes as a JSON object, or undefined: UTF-8 and JSON without repair, no name twice in an object, where two readers would see
 * different things.
 */
export const parseJsonObject = (
  bytes: Uint8Array,
): Readonly<Record<string, unknown>> | undefined => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject && repeatedKey(text) === undefined
      ? (value as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}
