import { writeShipped } from '../server/messages/shipped/write-shipped.js'
import { stopStores } from './stores.js'

/** Runs once before all test files: shipped messages are compiled, unless the build did. */
export async function mochaGlobalSetup(): Promise<void> {
  await writeShipped()
}

/** Runs once after all test files: the shared PostgreSQL and Redis are stopped. */
export async function mochaGlobalTeardown(): Promise<void> {
  await stopStores()
}
