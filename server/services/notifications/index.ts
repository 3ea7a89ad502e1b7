import { defineService } from '../../kernel/define-service.js'
import { templateRoutes } from './routes/templates.js'

/** Messages to people and to tenants' own systems. */
export const notifications = defineService({
  name: 'notifications',
  summary: 'E-mail, SMS, in-app inbox, web push and webhooks: templates, preferences and deliveries.',
  prefix: '/notifications',
  needs: ['auth', 'tenancy', 'workers'],
  routes: [...templateRoutes],
})
