import { inspect } from 'node:util'

const masked = '[secret]'

/**
 * A value that must not be seen: its string, JSON and inspect forms are `[secret]`, so that it cannot
 * reach a log line, an error message or a page by interpolation. Only `reveal()` gives it out.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return masked
  }

  toJSON(): string {
    return masked
  }

  [inspect.custom](): string {
    return masked
  }
}
