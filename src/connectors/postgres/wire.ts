// What is used of the driver's connection (its own types leave half of it out).
import type { Duplex } from 'node:stream'

export type Wire = {
  readonly stream: Duplex
  readonly parse: (message: { name: string; text: string; types: readonly number[] }) => void
  readonly bind: (message: {
    statement: string
    values: readonly (string | Buffer | null)[]
  }) => void
  readonly describe: (message: { type: 'P'; name: '' }) => void
  readonly execute: (message: { rows: number }) => void
  readonly close: (message: { type: 'S'; name: string }) => void
  readonly flush: () => void
  readonly sync: () => void
  readonly once: (event: 'readyForQuery', listener: () => void) => void
}

/** A message of the server that the driver hands on. */
export type DataRow = { readonly fields: readonly (string | null)[] }
export type RowDescription = { readonly fields: readonly { readonly dataTypeID: number }[] }

/** What the driver calls a query: something that sends, and is told what comes back. */
export type WireQuery = {
  readonly submit: (wire: Wire) => void
  readonly handleRowDescription: (message: RowDescription) => void
  readonly handleDataRow: (message: DataRow) => void
  readonly handlePortalSuspended: () => void
  readonly handleCommandComplete: () => void
  readonly handleEmptyQuery: () => void
  readonly handleReadyForQuery: () => void
  readonly handleError: (error: Error) => void
}
