import { setTimeout as sleep } from 'node:timers/promises'

/** Longer than it takes on any machine that tests run on. Milliseconds. */
const longest = 20_000

/** Waits for what is about to be so, however busy the machine is. Throws what it waited for when it never is. */
export const until = async (
  what: string,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> => {
  const deadline = performance.now() + longest
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`it never was so: ${what}`)
    await sleep(10)
  }
}
