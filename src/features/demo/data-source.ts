import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '#lib/clock.ts'
import type { Store } from '#store/store.ts'
import { systemTenantId } from '../access/permissions.ts'
import { createDataSourceStore } from '../data-sources/store.ts'
import type { UserStore } from '../users/store.ts'
import { aviationOptions, createAviationDatabase } from './aviation.ts'

export const demoSourceName = 'aviation'

/** Builds the demo file once and gives the user `demo` a data source that reads it. */
export const createDemoDataSource = async (
  deps: { readonly store: Store; readonly users: UserStore; readonly clock: Clock },
  filesDir: string,
): Promise<void> => {
  const file = join(filesDir, String(systemTenantId), aviationOptions.Database)
  if (!existsSync(file)) createAviationDatabase(file)
  const dataSources = createDataSourceStore(deps.store)
  await deps.store.write(function* () {
    const demo = yield* deps.users.readByName('demo')
    if (demo === undefined) return
    yield* dataSources.insert(
      {
        ownerId: demo.id,
        tenantId: demo.tenantId,
        name: demoSourceName,
        dataStore: 5001,
        connectionType: 'Cloud',
        description: 'Airports, flights and bird strikes in the United States',
        options: aviationOptions,
        oauthProfileId: undefined,
        permissions: undefined,
      },
      deps.clock.now(),
    )
  })
}
