import type { EntitySet } from '#odata/edm/model.ts'
import { inRow } from '#odata/render/json.ts'
import { keySegment, linkKey } from '#odata/render/links.ts'
import type { RenderedPlan } from './service.ts'

/** A value that cannot be served is told with the key of its row: somebody has to find and mend it. */
export const namingRows = (
  { layout: { namedAt } }: RenderedPlan['plan'],
  set: EntitySet,
  render: RenderedPlan['render'],
): RenderedPlan['render'] => {
  if (namedAt.length < linkKey(set).length) return render
  return (row) => {
    try {
      return render(row)
    } catch (error) {
      const key = keySegment(
        set,
        namedAt.map((at) => row[at] ?? null),
      )
      throw inRow(error, `${set.name}${key}`)
    }
  }
}
