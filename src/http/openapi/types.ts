/** The part of OpenAPI 3.1 that is written here; schemas are JSON Schema 2020-12. */
export type Schema = Readonly<Record<string, unknown>>

export type Reference = { readonly $ref: string }

export type ApiParameter = {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description: string
  readonly required?: true
  readonly schema: Schema
  readonly example?: string | number
}

export type ApiExample = {
  readonly summary: string
  readonly value: unknown
  readonly 'x-status': number
}

export type Media = {
  readonly schema: Schema
  readonly examples?: Readonly<Record<string, Reference>>
}

export type ApiResponse = {
  readonly description: string
  readonly headers?: Readonly<
    Record<string, { readonly description: string; readonly schema: Schema }>
  >
  readonly content?: Readonly<Record<string, Media>>
}

export type ApiPermission = { readonly id: number; readonly name: string }

/** Names of security schemes with the scopes that are needed of them. */
export type Security = Readonly<Record<string, readonly string[]>>

export type Operation = {
  readonly operationId: string
  readonly tags: readonly [string]
  readonly summary: string
  readonly description?: string
  readonly deprecated?: true
  readonly parameters?: readonly ApiParameter[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, Media>>
  }
  readonly responses: Readonly<Record<string, ApiResponse>>
  /** One of them is enough; an empty one means that none is needed. */
  readonly security: readonly Security[]
  readonly 'x-permissions'?: readonly ApiPermission[]
}

export const methods = ['get', 'post', 'put', 'delete'] as const
export type Method = (typeof methods)[number]

export type PathItem = Readonly<Partial<Record<Method, Operation>>>
export type Paths = Readonly<Record<string, PathItem>>
export type Tag = { readonly name: string; readonly description: string }

export type ApiDocument = {
  readonly openapi: '3.1.0'
  readonly info: {
    readonly title: string
    readonly version: string
    readonly summary: string
    readonly description: string
    readonly license: { readonly name: string; readonly identifier: string }
  }
  readonly servers: readonly [{ readonly url: string }]
  readonly tags: readonly Tag[]
  readonly paths: Paths
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>
    readonly examples: Readonly<Record<string, ApiExample>>
    readonly securitySchemes: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  }
}
