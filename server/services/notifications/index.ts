import { defineService } from '../../kernel/define-service.js'
import { defineEvents } from '../../kernel/events.js'
import { channelEvents } from './events/channels.js'
import { startChannels } from './operations/start-channels.js'
import { bounceRoutes } from './routes/bounces.js'
import { pushRoutes } from './routes/push.js'
import { smsStatusRoutes } from './routes/sms-status.js'
import { suppressionRoutes } from './routes/suppressions.js'
import { unsubscribeRoutes } from './routes/unsubscribe.js'
import { webhookRoutes } from './routes/webhook-endpoints.js'
import { webhookEvents } from './webhooks/events.js'
import { deliverWebhook } from './webhooks/jobs/deliver-webhook.js'
import { replayWebhooks } from './webhooks/jobs/replay-webhooks.js'
import { sweepWebhooks } from './webhooks/jobs/sweep-webhooks.js'
import { mailDisabled } from './webhooks/operations/mail-disabled.js'
import { tellEndpoints } from './webhooks/operations/tell-endpoints.js'

/** Messages to people and to tenants' own systems. */
export const notifications = defineService({
  name: 'notifications',
  summary: 'E-mail, SMS, in-app inbox, web push and webhooks: templates, preferences and deliveries.',
  prefix: '/notifications',
  needs: ['auth', 'tenancy', 'workers'],
  events: defineEvents('notifications', { ...channelEvents, ...webhookEvents }),
  on: { 'notifications.webhook.disabled': mailDisabled },
  onEvery: tellEndpoints,
  start: async (resources) => startChannels(resources),
  routes: [
    ...bounceRoutes,
    ...pushRoutes,
    ...smsStatusRoutes,
    ...suppressionRoutes,
    ...unsubscribeRoutes,
    ...webhookRoutes,
  ],
  jobs: [deliverWebhook, replayWebhooks, sweepWebhooks],
})
