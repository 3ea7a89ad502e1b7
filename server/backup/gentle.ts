import { setPriority } from 'node:os'

const LEAST_URGENT = 19

/** How a backup that nobody waits for reads the database: its rows come at a seventh of the speed that PostgreSQL could give. */
export const GENTLE = { jobs: 1, share: 0.15 } as const

/** Has this process give way to everything else on its machine. */
export function giveWay(): void {
  setPriority(LEAST_URGENT)
}
