import type { MaintenanceStatus } from '../clients/resources.js'
import { fields } from './fields.js'
import { count, duration, time } from './format.js'
import type { View } from './view.js'

/** Whether the deployment rests, and what still runs. */
export const maintenanceView: View<MaintenanceStatus> = (status, paint) => {
  if (!status.on) return `${paint.green('✓')} No maintenance: requests are served and jobs run.`
  return fields(
    [
      ['maintenance', paint.yellow(`on since ${time(status.since)} UTC`)],
      ['callers are told', status.message ?? ''],
      ['try again after', duration(status.retry_after_s)],
      ['requests', status.settled ? 'none under way' : paint.yellow('some are still under way')],
      ['jobs', status.running_jobs === 0 ? 'none runs' : `${count(status.running_jobs, 'job')} still run`],
    ],
    paint,
  )
}
