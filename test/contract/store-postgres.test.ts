import { after, before } from 'node:test'
import { type Cluster, startCluster } from '#test/support/postgres.ts'
import { declareStoreContract } from './store-contract.ts'
import { postgresEngine } from './store/postgres-engine.ts'

let cluster: Cluster
before(async () => {
  cluster = await startCluster(['deadlock_timeout = 100ms'])
})
after(() => cluster.stop())

declareStoreContract(postgresEngine(() => cluster))
