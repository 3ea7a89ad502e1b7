import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import type { MaintenanceProgress, MaintenanceState } from '../../../storage/maintenance.js'
import type { MaintenanceBody } from '../schemas.js'

/** Part of a request's time that is spent on waiting for others to end. */
const WAIT_SHARE = 0.7

export interface MaintenanceFacts extends MaintenanceProgress {
  state: MaintenanceState | null
}

/**
 * Lets the installation rest. Resolves once no process accepts a request any more and those accepted before are
 * answered; where that takes too long `settled` is false, and reading tells when it is so.
 */
export async function beginMaintenance(ctx: Ctx, body: MaintenanceBody): Promise<MaintenanceFacts> {
  const { maintenance, config } = ctx.resources
  await refuseOnTrial(ctx)
  const { message, retry_after_s: retryAfterS } = body
  const state = await maintenance.turnOn({ message, retryAfterS })
  ctx.auditDetail = { message, retry_after_s: retryAfterS }
  return { state, ...(await maintenance.settle(config.REQUEST_TIMEOUT_MS * WAIT_SHARE)) }
}

/** Whether the installation rests, as the database says. */
export async function readMaintenance(ctx: Ctx): Promise<MaintenanceFacts> {
  const { maintenance } = ctx.resources
  await maintenance.load()
  return { state: maintenance.current, ...(await maintenance.progress()) }
}

/** Ends the rest: every process goes on at once. Needs a system transaction. */
export async function endMaintenance(ctx: Ctx): Promise<MaintenanceFacts> {
  const { maintenance } = ctx.resources
  await refuseOnTrial(ctx)
  await maintenance.turnOff()
  const { runningJobs } = await maintenance.progress()
  return { state: null, settled: false, runningJobs }
}

/** Whoever put the data on trial says when everybody may write to it: until then it may give way. */
async function refuseOnTrial(ctx: Ctx): Promise<void> {
  const { maintenance } = ctx.resources
  await maintenance.load()
  if (maintenance.current?.isTrial) throw new kernelErrors.Maintenance(maintenance.current)
}
