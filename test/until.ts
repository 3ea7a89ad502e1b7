import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves when the condition holds; fails when it does not within `ms`, which is meant as "never". */
export async function until(holds: () => boolean | Promise<boolean>, ms = 45_000): Promise<void> {
  for (const deadline = performance.now() + ms; !(await holds()); await sleep(20)) {
    if (performance.now() > deadline) throw new Error('it did not happen in time')
  }
}
