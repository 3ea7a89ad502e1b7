import type { MessageDefinition } from './message-definition.js'

const link = (about: string, path: string) =>
  ({ kind: 'url', about, example: `https://app.example.com/${path}` }) as const
const name = (about: string, example: string) => ({ kind: 'name', about, example }) as const
const time = (about: string, example = '2026-01-31T12:05:00Z') => ({ kind: 'time', about, example }) as const

const ticket = {
  number: { kind: 'plain', about: 'number of the ticket', example: '4711' },
  subject_line: name('what the ticket is about', 'The export stops half-way'),
  author: name('who wrote', 'Ada Lovelace'),
  message: {
    kind: 'text',
    about: 'what was written, or its beginning',
    example: 'Thank you, that helped.\n\nThe export runs through now.',
  },
  link: link('page of the ticket', 'tickets/4711'),
} as const

/** What is written to people of a tenant; tenants may put it in words of their own. */
export const tenantMessages = {
  invitation: {
    summary: 'invites somebody to an organisation',
    category: 'account',
    isCritical: true,
    // The link opens an account: it is worded by the installation, like all that does.
    isCustomizable: false,
    channels: ['email', 'in_app'],
    variables: {
      inviter: name('who invites', 'Ada Lovelace'),
      tenant: name('the organisation', 'Acme'),
      role: {
        kind: 'choice',
        options: ['org_admin', 'billing_admin', 'user'],
        about: 'role of the invited',
        example: 'user',
      },
      email: { kind: 'plain', about: 'address that is invited', example: 'grace@example.com' },
      link: link('page that accepts', 'account/accept-invitation#token=x'),
      expires_in: { kind: 'duration', about: 'how long it can be accepted', example: 604_800 },
    },
  },
  'tenant-deleted': {
    summary: 'tells administrators that their organisation will be deleted',
    category: 'account',
    isCritical: true,
    isCustomizable: false,
    channels: ['email', 'in_app'],
    variables: {
      tenant: name('the organisation', 'Acme'),
      actor: { ...name('who asked for it', 'Ada Lovelace'), optional: true },
      when: time('when it was asked for'),
      purge_on: time('when the data is erased', '2026-02-14T12:05:00Z'),
    },
  },
  'key-expiring': {
    summary: 'tells that an API key will stop working soon',
    category: 'security',
    isCritical: false,
    isCustomizable: true,
    channels: ['email', 'in_app', 'push'],
    variables: {
      key_name: name('name of the key', 'nightly import'),
      key_start: { kind: 'plain', about: 'first characters of the key', example: 'vtr_live_8sK2' },
      expires_at: time('when it stops working'),
      link: link('page of the key', 'keys/8sK2'),
    },
  },
  invoice: {
    summary: 'hands an invoice over',
    category: 'billing',
    isCritical: true,
    isCustomizable: true,
    channels: ['email', 'in_app'],
    variables: {
      number: { kind: 'plain', about: 'number of the invoice', example: 'INV-2026-0042' },
      total: { kind: 'money', about: 'what is to be paid', example: { amount: 123_450, currency: 'EUR' } },
      due_on: {
        kind: 'date',
        about: 'until when; missing where it was paid already',
        example: '2026-02-14',
        optional: true,
      },
      lines: {
        kind: 'list',
        about: 'what was bought',
        fields: {
          description: name('what', 'Seats'),
          amount: { kind: 'money', about: 'price', example: { amount: 99_000, currency: 'EUR' } },
        },
        example: [
          { description: 'Team plan, 10 seats', amount: { amount: 99_000, currency: 'EUR' } },
          { description: 'Model usage in January', amount: { amount: 24_450, currency: 'EUR' } },
        ],
        optional: true,
      },
      link: link('page of the invoice', 'billing/invoices/42'),
    },
  },
  'payment-failed': {
    summary: 'tells that a payment did not go through',
    category: 'billing',
    isCritical: true,
    isCustomizable: true,
    channels: ['email', 'in_app', 'sms', 'push'],
    variables: {
      amount: { kind: 'money', about: 'what was to be paid', example: { amount: 123_450, currency: 'EUR' } },
      method: { ...name('how it was to be paid', 'Visa ending in 4242'), optional: true },
      retry_on: { kind: 'date', about: 'when it is tried again', example: '2026-02-03', optional: true },
      link: link('page that changes the means of payment', 'billing'),
    },
  },
  'ticket-reply': {
    summary: 'tells a customer that their ticket was answered',
    category: 'support',
    isCritical: false,
    isCustomizable: true,
    channels: ['email', 'in_app', 'push'],
    variables: ticket,
  },
  'ticket-reply-agent': {
    summary: 'tells the agent of a ticket that the customer wrote',
    category: 'support',
    isCritical: false,
    isCustomizable: true,
    channels: ['email', 'in_app', 'push'],
    variables: { ...ticket, due_at: { ...time('when an answer is due'), optional: true } },
  },
  'quota-near': {
    summary: 'tells that a quota is nearly used up',
    category: 'billing',
    isCritical: false,
    isCustomizable: true,
    channels: ['email', 'in_app', 'push'],
    variables: {
      resource: name('what is limited', 'documents'),
      percent: { kind: 'number', about: 'how much of it is used, in hundredths', example: 90 },
      used: { kind: 'number', about: 'how much is used', example: 9000 },
      limit: { kind: 'number', about: 'how much there is', example: 10_000 },
      resets_at: { ...time('when it starts anew'), optional: true },
      link: link('page of the quotas', 'settings/quotas'),
    },
  },
  'webhook-disabled': {
    summary: 'tells that a webhook endpoint was switched off',
    category: 'product',
    isCritical: false,
    isCustomizable: true,
    channels: ['email', 'in_app'],
    variables: {
      endpoint: name('description or host of the endpoint', 'hooks.example.com'),
      endpoint_id: {
        kind: 'plain',
        about: 'id of the endpoint',
        example: '01990f6e-5f0e-7000-8000-000000000000',
      },
      reason: {
        kind: 'choice',
        options: ['failing', 'gone'],
        about: 'why: it failed for days, or said that it is gone',
        example: 'failing',
      },
      when: time('when it was switched off'),
      link: { ...link('page of the endpoint', 'webhooks/1'), optional: true },
    },
  },
  digest: {
    summary: 'gathers what happened meanwhile',
    category: 'product',
    isCritical: false,
    isCustomizable: true,
    channels: ['email', 'in_app', 'push'],
    variables: {
      title: name('what the items have in common', 'What happened this week'),
      count: { kind: 'number', about: 'how many items there are in all', example: 5 },
      items: {
        kind: 'list',
        about: 'the items shown',
        fields: {
          title: name('what happened', 'Grace Hopper joined'),
          body: { kind: 'text', about: 'more of it', example: 'She is an administrator.', optional: true },
          at: { ...time('when'), optional: true },
          link: { ...link('where to see it', 'members'), optional: true },
        },
        example: [
          {
            title: 'Grace Hopper joined',
            body: 'She is an administrator now.',
            at: '2026-01-31T12:05:00Z',
            link: 'https://app.example.com/members',
          },
          { title: 'The nightly import finished', at: '2026-01-31T02:30:00Z' },
        ],
      },
      more: { kind: 'number', about: 'how many are not shown', example: 3, optional: true },
      link: { ...link('where to see all', 'inbox'), optional: true },
    },
  },
  announcement: {
    summary: 'says anything',
    category: 'product',
    isCritical: false,
    isCustomizable: true,
    channels: ['email', 'in_app', 'sms', 'push'],
    variables: {
      title: name('what it is about', 'Maintenance on Sunday'),
      message: {
        kind: 'text',
        about: 'what there is to say',
        example:
          'We move to new machines on Sunday from 02:00 to 03:00 UTC.\n\nNothing is to be done on your side.',
      },
      link: { ...link('where there is more', 'status'), optional: true },
      link_words: { ...name('what the button says', 'See the status page'), optional: true },
    },
  },
} as const satisfies Record<string, MessageDefinition>
