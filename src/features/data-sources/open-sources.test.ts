import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connector } from '#connectors/connector.ts'
import type { Command } from '#store/command.ts'
import type { DataSource } from './data-source.ts'
import { createOpenSources } from './open-sources.ts'

const dataSource = { id: 7, revision: 1, dataStore: 9, tenantId: 3, options: { Host: 'h' } }

/** A store for commands that ask it nothing. */
const store = {
  read: async <T>(command: () => Command<T>): Promise<T> => {
    const step = command().next()
    assert.ok(step.done === true)
    return step.value
  },
}

// Nothing is yielded where nothing is asked of a database.
// oxlint-disable-next-line require-yield
const answering = function* <T>(value: T): Generator<never, T> {
  return value
}

test('a connector gets the secret options with the others when it opens a data source', async () => {
  const opened: unknown[] = []
  const connector = {
    open: async (options: unknown, context: unknown) => {
      opened.push([options, context])
      return { close: async () => undefined }
    },
  } as unknown as Connector
  const openSources = createOpenSources({
    store,
    dataSources: { readById: () => answering(dataSource as unknown as DataSource) },
    connectors: { find: (id: number) => (id === 9 ? connector : undefined) },
    secretOptions: { open: () => answering({ Password: 'p' }) },
    clock: { now: () => 0 },
    logs: { note: () => undefined },
    contextOf: (tenantId: number) => ({ filesDirectory: `/files/${tenantId}` }),
  } as unknown as Parameters<typeof createOpenSources>[0])
  const held = await openSources.acquire({ id: 7, revision: 1 })
  assert.deepEqual(opened, [[{ Host: 'h', Password: 'p' }, { filesDirectory: '/files/3' }]])
  held.release()
  await openSources.close()
})
