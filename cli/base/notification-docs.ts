import type { JsonDoc } from './json-doc.js'

export const subscriberDoc: JsonDoc = {
  id: 'id of the subscriber (UUID)',
  external_id: "the tenant's own id of them",
  name: 'name, or null',
  email: 'e-mail address, or null',
  phone: 'phone number (E.164), or null',
  locale: 'language (BCP 47), or null',
  time_zone: 'IANA time zone, or null',
}

export const acceptedDoc: JsonDoc = {
  id: 'id of the message (UUID)',
  status: 'accepted, processed, cancelled or failed',
  transaction_id: 'id that it was given, or null',
  is_duplicate: 'true where the transaction id was used before: this is that message',
  send_at: 'not before, or null',
}

export const explanationDoc: JsonDoc = {
  at: 'as if it were sent then',
  category: 'category it counts as',
  is_critical: 'true where nobody can switch it off',
  recipients: {
    '[]': {
      recipient: 'kind, id, external_id and name',
      channels: {
        '[]': {
          channel: 'in_app, email, sms, push or webhook',
          action: 'send, delay, digest, wait or skip',
          at: 'when, where not at once',
          reasons: { '[]': { rule: 'rule that had a say; the last decides', words: 'the same in words' } },
        },
      },
    },
  },
  unresolved: { '[]': 'what and name of who is not known' },
}

export const deliveryDoc: JsonDoc = {
  id: 'id of the delivery (UUID)',
  message_id: 'id of its message',
  recipient: 'kind and id of whom it is for',
  channel: 'in_app, email, sms, push or webhook',
  status:
    'pending, scheduled, waiting, digested, sending, sent, delivered, bounced, failed, skipped, cancelled or unsubscribed',
  rule: 'rule that decided last',
  attempts: 'how often it was tried',
  provider: 'who took it, or null',
  destination: 'masked address, or null',
  error: 'code and message of the last failure, or null',
}

export const inboxItemDoc: JsonDoc = {
  id: 'id of the item (UUID)',
  category: 'category of the message',
  title: 'its title',
  body: 'its text',
  is_read: 'true when it was read',
  is_archived: 'true when it was archived',
}
