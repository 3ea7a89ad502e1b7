/** What sending webhooks tells others. */
declare module '../../../kernel/events.js' {
  interface Events {
    /** An endpoint was disabled without its tenant's doing. */
    'notifications.webhook.disabled': { endpointId: string; reason: 'gone' | 'failing' }
  }
}

/** The part of the service's catalogue that is about webhooks. */
export const webhookEvents = {
  'notifications.webhook.disabled': {
    about: 'A webhook endpoint was disabled because it failed for five days or answered 410.',
    example: { endpointId: '01990f6e-5f0e-7000-8000-000000000001', reason: 'failing' },
  },
} as const
