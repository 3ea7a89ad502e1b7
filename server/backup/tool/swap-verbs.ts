import { z } from 'zod'
import { openRedis, untilReady } from '../../storage/redis.js'
import { BackupError } from '../backup-error.js'
import { dropDatabase } from '../database/drop-database.js'
import { partsOf } from '../database/open-client.js'
import { swapBack, swapDatabases } from '../database/swap-databases.js'
import { endRest, endTrial } from '../installation-rest.js'
import type { ToolContext } from './context.js'
import { besideName } from './requests.js'
import { verb } from './verb.js'

const live = (context: ToolContext) => partsOf({ ...context.ownerLogin }).database

/** Puts a database in the place of the living one, which is kept under another name. */
export const restoreSwap = verb(
  z.strictObject({ next: besideName, before: besideName }),
  async (context, { next, before }) => {
    await swapDatabases({ login: context.adminLogin, live: live(context), next, before })
    return { live: live(context), before }
  },
)

/** Puts back what `restore-swap` put aside; does nothing where that was not done. */
export const restoreSwapBack = verb(
  z.strictObject({ next: besideName, before: besideName }),
  async (context, { next, before }) => {
    await swapBack({ login: context.adminLogin, live: live(context), before, aside: next })
    return { live: live(context), aside: next }
  },
)

/** Drops a database that was made beside the living one. */
export const restoreDrop = verb(z.strictObject({ database: besideName }), async (context, { database }) => {
  await dropDatabase({ login: context.adminLogin, name: database })
  return { database }
})

const REDIS_WAIT_MS = 10_000

/** Empties Redis: it speaks of data that gave way, and nothing that was accepted is only there. */
export const restoreCache = verb(z.strictObject({}), async (context) => {
  const { REDIS_URL: url, REDIS_PASSWORD: password } = context.settings
  const redis = openRedis({ url, password, name: 'vetrai-backup', onError: () => undefined })
  try {
    await untilReady(redis, REDIS_WAIT_MS)
    await redis.flushdb()
    return { emptied: true }
  } catch (error) {
    throw new BackupError({
      code: 'redis_unavailable',
      message: `Redis could not be emptied: ${error instanceof Error ? error.message : String(error)}`,
      next: 'See how it stands with `vetrai status`, then try again.',
      cause: error,
    })
  } finally {
    redis.disconnect()
  }
})

/** Ends the rest that a restored database began with; with `stays` only the trial, after which operators may write. */
export const maintenanceEnd = verb(
  z.strictObject({ stays: z.boolean().default(false) }),
  async (context, { stays }) => {
    await (stays ? endTrial : endRest)(context.ownerLogin)
    return { open: !stays }
  },
)
