import { setTimeout as sleep } from 'node:timers/promises'

/** Longest time between two looks that counts: a machine that stands still meanwhile gives nothing the time to happen. */
const COUNTED_MS = 1_000

/** Resolves when the condition holds; fails when it does not within `ms`, which is meant as "never". */
export async function until(holds: () => boolean | Promise<boolean>, ms = 45_000): Promise<void> {
  let [left, looked] = [ms, performance.now()]
  while (!(await holds())) {
    if (left <= 0) throw new Error('it did not happen in time')
    await sleep(20)
    const now = performance.now()
    left -= Math.min(COUNTED_MS, now - looked)
    looked = now
  }
}
