import { defineService } from '../../kernel/define-service.js'
import { defineEvents } from '../../kernel/events.js'
import { channelEvents } from './events/channels.js'
import { bounceRoutes } from './routes/bounces.js'
import { suppressionRoutes } from './routes/suppressions.js'
import { unsubscribeRoutes } from './routes/unsubscribe.js'

/** Messages to people and to tenants' own systems. */
export const notifications = defineService({
  name: 'notifications',
  summary: 'E-mail, SMS, in-app inbox, web push and webhooks: templates, preferences and deliveries.',
  prefix: '/notifications',
  needs: ['auth', 'tenancy', 'workers'],
  events: defineEvents('notifications', { ...channelEvents }),
  routes: [...bounceRoutes, ...suppressionRoutes, ...unsubscribeRoutes],
})
