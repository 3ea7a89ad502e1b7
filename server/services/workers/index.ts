import { defineService } from '../../kernel/define-service.js'

/** Background jobs, schedules and workflows. */
export const workers = defineService({
  name: 'workers',
  summary: 'Background jobs, queues, schedules, dead letters and workflows.',
  prefix: '/workers',
  needs: ['tenancy'],
  routes: [],
})
