// What fills the placeholders of a statement: values of the plan, by the slots that the compiler noted.
import type { Value } from '#query/plan.ts'
import type { Statement } from '#sql/fragment.ts'
import type { ExplainedStatement } from './connector.ts'

/** The values of a statement in the order of its placeholders. */
export const valuesOf = ({ slots }: Statement, values: readonly Value[]): readonly Value[] =>
  slots.map((slot) => values[slot] ?? null)

/** A statement as it is shown; a slot beyond the plan's own values is filled when the statement runs. */
export const explained = (
  { text, slots }: Statement,
  values: readonly Value[],
  where: Pick<ExplainedStatement, 'place' | 'how'>,
): ExplainedStatement => ({
  ...where,
  text,
  parameters: slots.map((slot) => ({
    slot,
    value: slot < values.length ? (values[slot] ?? null) : undefined,
  })),
})
