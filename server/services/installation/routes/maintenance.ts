import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { nothing } from '../../../kernel/schema.js'
import {
  beginMaintenance,
  endMaintenance,
  type MaintenanceFacts,
  readMaintenance,
} from '../operations/maintenance.js'
import { maintenanceBody, maintenanceView } from '../schemas.js'

const byOperators = can('installation.maintenance.manage')

const readMaintenanceRoute = defineRoute({
  id: 'readMaintenance',
  method: 'get',
  path: '/maintenance',
  summary: 'See whether the installation rests',
  description: 'Also tells whether requests accepted before are over, and how many jobs still run.',
  access: byOperators,
  limit: 'read',
  audit: unaudited('reading'),
  input: { query: nothing },
  output: maintenanceView,
  transaction: 'manual',
  duringMaintenance: true,
  handler: async (ctx) => present(await readMaintenance(ctx)),
})

const beginMaintenanceRoute = defineRoute({
  id: 'beginMaintenance',
  method: 'put',
  path: '/maintenance',
  summary: 'Let the installation rest',
  description:
    'Every route answers 503 `request.maintenance` with `Retry-After`, browsers get a page; health, metrics, this route and operators by an unscoped access token are served as ever. No job begins, no schedule fires and no event is delivered; jobs that run go on to their end. Answers once no process accepts a request any more and those accepted before are answered, or with `settled: false` where that takes longer than a request may. Repeated, it changes what callers are told.',
  access: byOperators,
  limit: 'write',
  audit: { action: 'maintenance.began' },
  input: { body: maintenanceBody.prefault({}) },
  output: maintenanceView,
  transaction: 'manual',
  duringMaintenance: true,
  handler: async (ctx, { body }) => present(await beginMaintenance(ctx, body)),
})

const endMaintenanceRoute = defineRoute({
  id: 'endMaintenance',
  method: 'delete',
  path: '/maintenance',
  summary: 'End the rest of the installation',
  description: 'Requests are served and background work goes on at once. Safe to repeat.',
  access: byOperators,
  limit: 'write',
  audit: { action: 'maintenance.ended' },
  input: {},
  output: maintenanceView,
  transaction: 'system',
  duringMaintenance: true,
  handler: async (ctx) => present(await endMaintenance(ctx)),
})

export const maintenanceRoutes = [readMaintenanceRoute, beginMaintenanceRoute, endMaintenanceRoute]

function present({ state, settled, runningJobs }: MaintenanceFacts) {
  return {
    on: state !== null,
    message: state?.message ?? null,
    retry_after_s: state?.retryAfterS ?? null,
    since: state?.since.toISOString() ?? null,
    settled,
    running_jobs: runningJobs,
  }
}
