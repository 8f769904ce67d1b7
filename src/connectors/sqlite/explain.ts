// What a plan would ask of a database file, told without asking.
import type { ReadPlan } from '#query/plan.ts'
import type { Statement } from '#sql/fragment.ts'
import type { ExplainedStatement } from '../connector.ts'
import { explained } from '../parameters.ts'
import type { Way } from './ways.ts'
import { windowRows, type Window } from './window.ts'

const inProcess = (how: string): Pick<ExplainedStatement, 'place' | 'how'> => ({
  place: 'reader process',
  how,
})

/** The statements of a read in the order in which they are tried. @param whole compiles the plan itself or its window */
export const explainRead = (
  { shape, values }: ReadPlan,
  way: Way,
  statementOf: (shape: Window['shape']) => Statement,
): readonly ExplainedStatement[] => {
  const whole = statementOf(shape)
  switch (way.kind) {
    case 'bounded':
      return [
        explained(whole, values, {
          place: 'server',
          how: 'an index bounds what it looks at; while the file is locked, a reader process runs it',
        }),
      ]
    case 'window':
      return [
        explained(statementOf(way.window.shape), values, {
          place: 'server',
          how: `looks at ${windowRows} row ids, whose end is looked up when it runs; its rows count only where they fill the page`,
        }),
        explained(whole, values, inProcess('asked where the window does not fill the page')),
      ]
    case 'process':
      return [
        explained(
          whole,
          values,
          inProcess('could take any time, so that it runs where it can be ended'),
        ),
      ]
  }
}

/** Counting may take any time. */
export const explainCount = (statement: Statement, { values }: ReadPlan): ExplainedStatement =>
  explained(statement, values, inProcess('counting may look at every row'))
