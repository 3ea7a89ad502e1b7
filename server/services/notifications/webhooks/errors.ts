import { defineErrors } from '../../../kernel/define-errors.js'

export const webhookErrors = defineErrors('notifications', {
  webhookEndpointNotFound: {
    status: 404,
    message: 'There is no such webhook endpoint here.',
    next: 'GET /notifications/v1/webhook-endpoints lists them.',
  },
  webhookMessageNotFound: {
    status: 404,
    message: 'There is no such webhook message here.',
    next: 'GET /notifications/v1/webhook-messages lists those that are still kept.',
  },
  webhookUrlRefused: {
    status: 422,
    message: (d: { reason: string }) => `Webhooks cannot be sent to this URL: ${d.reason}`,
    next: 'Give an https URL that can be reached from the internet, without user name and password.',
  },
  webhookEventTypesUnknown: {
    status: 422,
    message: (d: { types: readonly string[] }) => `There is no such event type: ${d.types.join(', ')}.`,
    next: 'GET /notifications/v1/event-types lists them; "service.*" and "*" stand for many, "app.…" for your own.',
  },
  webhookEndpointLimit: {
    status: 409,
    message: (d: { limit: number }) => `This organisation already has ${d.limit} webhook endpoints.`,
    next: 'Delete endpoints that are no longer used.',
  },
  webhookTooManyKeys: {
    status: 409,
    message: (d: { limit: number }) => `This endpoint already signs with ${d.limit} keys.`,
    next: 'Wait until older keys are over, or rotate with "overlap_s": 0, which ends them now.',
  },
  webhookPayloadTooLarge: {
    status: 422,
    message: (d: { limit: number }) => `The message is larger than ${d.limit} bytes.`,
    next: 'Send ids, and let the receiver read the rest from your API.',
  },
  webhookEndpointDisabled: {
    status: 409,
    message: 'This webhook endpoint is disabled.',
    next: 'Enable it first: PATCH it with {"enabled": true}.',
  },
  webhookReplayRange: {
    status: 422,
    message: (d: { days: number }) =>
      `"since" must be before "until" and within the ${d.days} days that messages are kept.`,
    next: 'Ask for a time within that range.',
  },
})
