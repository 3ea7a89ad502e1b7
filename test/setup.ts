import { stopStores } from './stores.js'

/** Runs once after all test files: the shared PostgreSQL and Redis are stopped. */
export async function mochaGlobalTeardown(): Promise<void> {
  await stopStores()
}
