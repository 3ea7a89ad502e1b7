import { defineService } from '../../kernel/define-service.js'
import { defineEvents } from '../../kernel/events.js'
import { provideNotifier } from '../workers/api.js'
import { subscriberAuthenticator } from './authenticator.js'
import { channelEvents } from './events/channels.js'
import { pipelineEvents } from './events/pipeline.js'
import { templateEvents } from './events/templates.js'
import * as handlers from './handlers.js'
import { closeDigestJob } from './jobs/close-digest.js'
import { deliverJob } from './jobs/deliver.js'
import { fanOutJob } from './jobs/fan-out.js'
import { pruneJob } from './jobs/prune.js'
import { wakeItemJob } from './jobs/wake-item.js'
import { sealedPushKeys } from './models/push-key.js'
import { sendForWorkflow } from './operations/send-for-workflow.js'
import { startChannels } from './operations/start-channels.js'
import { bounceRoutes } from './routes/bounces.js'
import { deliveryRoutes } from './routes/deliveries.js'
import { inboxRoutes } from './routes/inbox.js'
import { messageRoutes } from './routes/messages.js'
import { preferenceRoutes } from './routes/preferences.js'
import { pushRoutes } from './routes/push.js'
import { smsStatusRoutes } from './routes/sms-status.js'
import { subscriberRoutes } from './routes/subscribers.js'
import { suppressionRoutes } from './routes/suppressions.js'
import { templateRoutes } from './routes/templates.js'
import { topicRoutes } from './routes/topics.js'
import { unsubscribeRoutes } from './routes/unsubscribe.js'
import { webhookRoutes } from './routes/webhook-endpoints.js'
import { webhookEvents } from './webhooks/events.js'
import { deliverWebhook } from './webhooks/jobs/deliver-webhook.js'
import { replayWebhooks } from './webhooks/jobs/replay-webhooks.js'
import { sweepWebhooks } from './webhooks/jobs/sweep-webhooks.js'
import { sealedWebhookKeys } from './webhooks/models/webhook-key.js'
import { sealedWebhookHeaders } from './webhooks/operations/seal-headers.js'
import { tellEndpoints } from './webhooks/operations/tell-endpoints.js'

/** Messages to people and to tenants' own systems. */
export const notifications = defineService({
  name: 'notifications',
  summary: 'E-mail, SMS, in-app inbox, web push and webhooks: templates, preferences and deliveries.',
  prefix: '/notifications',
  needs: ['auth', 'tenancy', 'keys', 'workers'],
  start: async (resources) => {
    startChannels(resources)
    provideNotifier(resources, sendForWorkflow)
  },
  events: defineEvents('notifications', {
    ...{ ...pipelineEvents, ...channelEvents, ...templateEvents, ...webhookEvents },
  }),
  on: {
    'notifications.unsubscribed': handlers.onUnsubscribed,
    'notifications.delivery.reported': handlers.onReported,
    'notifications.webhook.disabled': handlers.onWebhookDisabled,
    'auth.user.deleted': handlers.onUserDeleted,
    'tenancy.member.removed': handlers.onMemberRemoved,
    'tenancy.quota.near': handlers.onQuotaNear,
    'keys.key.expiring': handlers.onKeyExpiring,
    'keys.key.leaked': handlers.onKeyLeaked,
  },
  onEvery: tellEndpoints,
  routes: [
    ...[...messageRoutes, ...deliveryRoutes, ...inboxRoutes, ...preferenceRoutes],
    ...[...subscriberRoutes, ...topicRoutes, ...templateRoutes],
    ...[...suppressionRoutes, ...unsubscribeRoutes, ...bounceRoutes, ...smsStatusRoutes],
    ...[...pushRoutes, ...webhookRoutes],
  ],
  jobs: [
    fanOutJob,
    deliverJob,
    closeDigestJob,
    wakeItemJob,
    pruneJob,
    deliverWebhook,
    replayWebhooks,
    sweepWebhooks,
  ],
  sealed: [sealedPushKeys, sealedWebhookKeys, sealedWebhookHeaders],
  authenticators: [subscriberAuthenticator],
})
