import { defineService } from '../../kernel/define-service.js'
import { maintenanceRoutes } from './routes/maintenance.js'

/** The installation as a whole, for who runs it. */
export const installation = defineService({
  name: 'installation',
  summary: 'The installation as a whole: maintenance.',
  prefix: '/installation',
  needs: ['auth'],
  routes: maintenanceRoutes,
})
