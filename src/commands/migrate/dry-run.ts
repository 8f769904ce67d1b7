import type { Config } from '../../config.ts'
import { planMigration } from '../../open-store.ts'
import type { Output } from '../command.ts'

/** Prints which migrations a start or `migrate` would run, and their statements; nothing is changed. */
export const showPlan = async (config: Config, output: Output): Promise<void> => {
  const { newer, pending, planned } = await planMigration(config)
  if (newer.length > 0)
    return output.line(
      `A newer release has been at the database (${newer.join(', ')}); this one would change nothing.`,
    )
  if (pending.length === 0) return output.line('There is nothing to do.')
  for (const { migration, statements } of planned) {
    output.line(`-- ${migration}`)
    for (const statement of statements) output.line(statement)
  }
  output.line(
    `-- Nothing was changed. In one transaction \`headgate migrate\` would run this, and note it in the tables kysely_migration, kysely_migration_lock and schema_facts.`,
  )
}
