import type { Peer } from '../children.ts'
import type { Compared, Comparison } from '../compare.ts'
import { airportKeys, airportPath, limitPath } from '../comparisons/reads.ts'
import { posting, reading } from '../loads.ts'
import type { Line } from '../table.ts'
import { machineBody, refreshBody } from '../tokens.ts'
import type { Clients, Ground, Grown } from './grounds.ts'

/** What is measured at each size; the reads come first, as they leave the size as it is. */
const comparisonsOf = (
  { headgate, known }: Grown,
  clients: Clients,
  limit: Peer,
  file: string,
): readonly Comparison[] => {
  const compared = {
    row: '-',
    pids: { limit: [limit.pid], ours: [headgate.pid] },
    target: undefined,
  }
  const post = (path: string, bodies: readonly string[]): Comparison => ({
    ...compared,
    path,
    limit: posting([limit.port], { bodies }),
    ours: posting([headgate.port], { bodies }),
  })
  const keys = airportKeys(file)
  return [
    {
      ...compared,
      path: 'entity by key, each time another token',
      limit: reading([limit.port], { paths: keys.map(limitPath) }),
      ours: reading([headgate.port], {
        paths: keys.map(airportPath),
        tokens: known.access.map(({ token }) => token),
      }),
    },
    post(
      'refresh, each time another token',
      known.refresh.map(({ token }) => refreshBody(clients.known, token)),
    ),
    post('client credentials', [machineBody(clients.machine)]),
  ]
}

export const growthHeading: Line = [
  'tokens',
  'path',
  'limit',
  'ours',
  'ratio',
  'to smallest',
  'by cpu',
  'to smallest',
  'p99',
  'database',
  'filled in',
]

const share = (value: number | undefined, of: number | undefined): string =>
  value === undefined || of === undefined ? '-' : (value / of).toFixed(2)

const powers = (tokens: number): string => `10^${Math.round(Math.log10(tokens))}`

const lineOf = (
  tokens: number,
  { megabytes, seconds }: Grown,
  compared: Compared,
  smallest: Compared,
): Line => [
  powers(tokens),
  compared.path,
  `${Math.round(compared.limitPerSecond)}/s`,
  `${Math.round(compared.oursPerSecond)}/s`,
  compared.ratio.toFixed(2),
  share(compared.ratio, smallest.ratio),
  compared.processorRatio?.toFixed(2) ?? '-',
  share(compared.processorRatio, smallest.processorRatio),
  `${compared.p99.toFixed(1)} ms`,
  `${Math.round(megabytes)} MB`,
  `${seconds.toFixed(1)} s`,
]

/**
 * The same paths over stores of different sizes, each against its limit at the same time: what else the machine does
 * disturbs both, so that the ratios of different sizes can be compared.
 */
export const measureGrowth = async (
  ground: Ground,
  sizes: readonly number[],
  how: {
    readonly compare: (comparison: Comparison) => Promise<Compared>
    readonly limit: Peer
    readonly file: string
  },
): Promise<readonly Line[]> => {
  const lines: Line[] = []
  const smallest = new Map<string, Compared>()
  for (const tokens of sizes) {
    const grown = await ground.grow(tokens)
    try {
      for (const comparison of comparisonsOf(grown, ground.clients, how.limit, how.file)) {
        const compared = await how.compare(comparison)
        if (!smallest.has(compared.path)) smallest.set(compared.path, compared)
        lines.push(lineOf(tokens, grown, compared, smallest.get(compared.path) ?? compared))
      }
    } finally {
      await grown.end()
    }
  }
  return lines
}
