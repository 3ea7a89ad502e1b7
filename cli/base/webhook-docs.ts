import type { JsonDoc } from './json-doc.js'

export const endpointDoc: JsonDoc = {
  id: 'id of the endpoint (UUID)',
  url: 'where messages are sent',
  description: 'what it is for',
  event_types: { '[]': 'what it is sent: a type, service.* or *' },
  headers: { '[]': 'names of its custom headers' },
  rate_per_minute: 'most messages a minute; null for no limit',
  enabled: 'false while nothing is sent',
  disabled_reason: 'manual, gone or failing; null while enabled',
  signing: {
    '[]': { scheme: 'v1 or v1a', public_key: 'whpk_…, null for v1', expires_at: 'null while in use' },
  },
}

export const issuedEndpointDoc: JsonDoc = {
  ...endpointDoc,
  secret: 'the shared secret (whsec_…), shown this once; null without v1',
}

export const messageDoc: JsonDoc = {
  id: 'id of the message, sent as webhook-id',
  type: 'event type',
  source: 'event, app, notification or test',
  deliveries: {
    '[]': {
      endpoint_id: 'id of the endpoint',
      status: 'pending, delivered, failed or skipped',
      reason: 'why it failed or was skipped',
      attempts: 'how often it was tried',
    },
  },
}

export const attemptDoc: JsonDoc = {
  id: 'id of the attempt (UUID)',
  message_id: 'id of the message',
  number: '1 for the first of its round',
  outcome: 'succeeded or failed',
  status_code: 'of the answer; null when there was none',
  error: 'why it failed, or null',
  duration_ms: 'how long the answer took',
  response: 'beginning of the answer, or null',
}

export const eventTypeDoc: JsonDoc = {
  type: 'event type',
  service: 'service that tells it',
  description: 'what has happened',
  example: 'a payload as it is sent',
}
