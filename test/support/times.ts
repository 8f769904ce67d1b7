const factor = Number(process.env['HEADGATE_TEST_TIMES'] ?? 1)

/** A count of a long run, so many times larger as the run is told: `npm run long -- --times=10`. */
export const times = (count: number): number => count * factor
