import type { Ctx } from '../../kernel/context.js'
import type { EventHandler } from '../../kernel/define-service.js'
import { publicUrl } from '../auth/api.js'
import { notify } from './api.js'
import { enqueueDelivery } from './jobs/deliver.js'
import { concludeReport } from './operations/conclude-report.js'
import { forgetMember, forgetPerson } from './operations/forget-person.js'
import { unsubscribeRecipient } from './operations/unsubscribe-recipient.js'
import { findEndpoint } from './webhooks/models/webhook-endpoint.js'

/** Ends a category, or all that can be ended, for who pressed the button of a link. */
export const onUnsubscribed: EventHandler<'notifications.unsubscribed'> = (ctx, { payload }) =>
  unsubscribeRecipient(ctx, payload.recipient, payload.category)

/** Keeps what a provider told of a delivery. */
export const onReported: EventHandler<'notifications.delivery.reported'> = (ctx, { payload }) =>
  concludeReport(ctx, payload, enqueueDelivery)

/** Who is no member any more has no inbox in the organisation. */
export const onMemberRemoved: EventHandler<'tenancy.member.removed'> = (ctx, { payload }) =>
  forgetMember(ctx, payload.userId)

/** Who has no account any more has no inbox anywhere. */
export const onUserDeleted: EventHandler<'auth.user.deleted'> = (ctx, { payload }) =>
  forgetPerson(ctx, payload.userId)

/** Tells the administrators that an endpoint was disabled, unless it is enabled again by now. */
export const onWebhookDisabled: EventHandler<'notifications.webhook.disabled'> = async (
  ctx,
  { id, payload, occurredAt },
) => {
  const endpoint = await findEndpoint(ctx, payload.endpointId)
  if (!endpoint?.disabledAt) return
  await notify(ctx, {
    to: [{ role: 'org_admin' }],
    template: 'webhook-disabled',
    about: id,
    data: {
      // The host and no more of it: the rest of a URL may be a secret.
      endpoint: endpoint.description || new URL(endpoint.url).host,
      endpoint_id: endpoint.id,
      reason: payload.reason,
      when: occurredAt.toISOString(),
    },
  })
}

/** Tells whose key it is, or the administrators, that a key stops working soon. */
export const onKeyExpiring: EventHandler<'keys.key.expiring'> = async (ctx, { payload }) => {
  const { keyId, name, start, expiresAt, ownerUserId } = payload
  await notify(ctx, {
    to: ownerUserId ? [{ userId: ownerUserId }] : [{ role: 'org_admin' }],
    template: 'key-expiring',
    about: `${keyId}:${expiresAt}`,
    data: { key_name: name, key_start: start, expires_at: expiresAt, link: home(ctx) },
  })
}

/** Tells the administrators that a key was found where it must not be, and what was done about it. */
export const onKeyLeaked: EventHandler<'keys.key.leaked'> = async (ctx, { id, payload }) => {
  const { name, action, graceUntil, url } = payload
  const done =
    action === 'revoke' || !graceUntil
      ? 'It was revoked at once.'
      : `It stops working at ${graceUntil.slice(0, 16).replace('T', ' ')} UTC: replace it before.`
  await notify(ctx, {
    to: [{ role: 'org_admin' }],
    template: 'announcement',
    category: 'security',
    about: id,
    data: {
      title: `The API key ${name} was leaked`,
      message: [`Somebody found it ${url ? `at ${url}` : 'in public'} and reported it.`, done].join('\n\n'),
    },
  })
}

/** Tells the administrators that a quota is nearly, or wholly, used up. */
export const onQuotaNear: EventHandler<'tenancy.quota.near'> = async (ctx, { payload }) => {
  const { resource, percent, used, limit, resetsAt } = payload
  await notify(ctx, {
    to: [{ role: 'org_admin' }, { role: 'billing_admin' }],
    template: 'quota-near',
    // Once in each period, and anew where the limit was changed.
    about: `${resource}:${percent}:${limit}:${resetsAt ?? ''}`,
    data: { resource, percent, used, limit, resets_at: resetsAt, link: home(ctx) },
  })
}

/** Where links lead; never from a request, so that no forged host gets into anybody's mail. */
function home(ctx: Ctx): string {
  return `${publicUrl(ctx.resources)}/`
}
