import { modelFromTables } from '#odata/edm/from-catalog.ts'
import { openAt } from '#test/contract/connectors/postgres.ts'
import { collectRows } from '#test/support/plans.ts'
import { startCluster } from '#test/support/postgres.ts'
import { pushdownValues, testPushdown } from './pushdown.ts'

const open = async () => {
  const cluster = await startCluster()
  await cluster.run(`CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE item (id int PRIMARY KEY, t varchar(9), c char(3), e mood, n int, m int NOT NULL, b bigint, d float8,
      x numeric(20,2), r real, f boolean, at timestamptz, ts timestamp, day date, clock time, g uuid);
    SET timezone = 'GMT';
    INSERT INTO item VALUES ${pushdownValues()}`)
  const source = await openAt(cluster.url)
  const { tables } = await source.describe()
  const settings = { namespace: 'p', nameCase: 'Default', schemaMap: undefined } as const
  return {
    model: modelFromTables(tables, settings),
    set: 'items',
    run: collectRows(source),
    close: async () => {
      await source.close()
      await cluster.stop()
    },
  }
}

testPushdown({
  engine: 'PostgreSQL',
  open,
  filters: { runs: 500, telling: 90 },
  pages: { runs: 25, smallest: 1 },
})
