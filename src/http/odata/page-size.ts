// How many rows a page has, and who says so.
import { defaultPageSize } from '#features/limits/effective.ts'
import type { Call } from './service.ts'

export type PageSize = {
  readonly size: number
  readonly decidedBy:
    | 'the preference maxpagesize'
    | 'the option ODataPageSize of the data source'
    | 'the limit ODataPageSize'
    | 'the default'
}

/** The least of what the client prefers, the data source's option says and the limit allows. */
export const pageSizeOf = (
  { deps, context }: Pick<Call, 'deps' | 'context'>,
  preferred: number | undefined,
): PageSize => {
  const { pageSize: most } = context.limits
  const { pageSize: option } = deps.settings
  const own = option ?? most ?? defaultPageSize
  const size = Math.min(own, most ?? Infinity, preferred ?? Infinity)
  if (size === preferred) return { size, decidedBy: 'the preference maxpagesize' }
  if (size === option) return { size, decidedBy: 'the option ODataPageSize of the data source' }
  return { size, decidedBy: size === most ? 'the limit ODataPageSize' : 'the default' }
}
