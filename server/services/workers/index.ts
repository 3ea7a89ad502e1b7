import { defineService } from '../../kernel/define-service.js'
import './schedule-events.js'
import { scheduleRoutes } from './routes/schedules.js'

/** Background jobs, schedules and workflows. */
export const workers = defineService({
  name: 'workers',
  summary: 'Background jobs, queues, schedules, dead letters and workflows.',
  prefix: '/workers',
  needs: ['tenancy'],
  routes: [...scheduleRoutes],
})
