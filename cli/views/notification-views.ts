import type {
  AcceptedMessage,
  Delivery,
  Explanation,
  InboxItem,
  Subscriber,
} from '../clients/notification-resources.js'
import { fields } from './fields.js'
import { time } from './format.js'
import { pageView } from './page-view.js'
import type { Paint } from './paint.js'
import { recordFields } from './record-fields.js'
import { table } from './table.js'
import type { View } from './view.js'

/** A message that was handed in, and where to look for what becomes of it. */
export const acceptedView: View<AcceptedMessage> = (message, paint) => {
  const told = message.is_duplicate ? 'This was sent before.' : 'Accepted.'
  const lines = fields(
    [
      ['message', message.id],
      ['status', message.status],
      ['send at', message.send_at === null ? null : time(message.send_at)],
      ['transaction', message.transaction_id],
    ],
    paint,
  )
  const next = paint.dim(`See what became of it: vetrai notifications deliveries --message ${message.id}`)
  return `${paint.green('✓')} ${told}\n${lines}\n\n${next}`
}

/** Who would get what, channel by channel, with the rule that decides. */
export const explanationView: View<Explanation> = (
  { recipients, unresolved, category, is_critical },
  paint,
) => {
  const head = paint.dim(`category ${category}${is_critical ? ' (critical)' : ''}`)
  const people = recipients.map((one) => recipientText(one, paint))
  const unknown = unresolved.map(({ what, name }) => paint.yellow(`There is no ${what} ${name}.`))
  return [head, ...people, ...unknown].join('\n\n')
}

function recipientText({ recipient, channels }: Explanation['recipients'][number], paint: Paint): string {
  const name = recipient.external_id ?? recipient.name ?? recipient.id ?? 'somebody'
  const state = recipient.id === null ? paint.dim(' (not known yet)') : ''
  const lines = table(
    channels,
    [
      { heading: 'CHANNEL', cell: ({ channel }) => channel },
      { heading: 'ACTION', cell: ({ action, at }) => (at === null ? action : `${action} ${time(at)}`) },
      { heading: 'WHY', cell: ({ reasons }) => reasons.at(-1)?.words ?? '' },
    ],
    paint,
  )
  return `${paint.bold(name)}${state}\n${lines}`
}

/** Deliveries as a table. */
export const deliveriesView = pageView<Delivery>(
  [
    { heading: 'CREATED', cell: ({ created_at }) => time(created_at) },
    { heading: 'CHANNEL', cell: ({ channel }) => channel },
    { heading: 'TEMPLATE', cell: ({ template }) => template },
    { heading: 'TO', cell: ({ destination, recipient }) => destination ?? recipient.id },
    { heading: 'STATUS', cell: ({ status }) => status },
    { heading: 'WHY', cell: ({ error, rule }) => error?.code ?? rule },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'No delivery fits.',
)

/** One delivery. */
export const deliveryView: View<Delivery> = (delivery, paint) =>
  recordFields({ ...delivery, reasons: delivery.reasons.map(({ words }) => words) }, paint)

/** An inbox as a table. */
export const inboxView = pageView<InboxItem>(
  [
    { heading: 'CREATED', cell: ({ created_at }) => time(created_at) },
    { heading: 'TITLE', cell: ({ title }) => title },
    { heading: 'CATEGORY', cell: ({ category }) => category },
    {
      heading: 'STATE',
      cell: ({ is_archived, is_read }) => (is_archived ? 'archived' : is_read ? 'read' : 'unread'),
    },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'Nothing is in this inbox.',
)

/** Subscribers as a table. */
export const subscribersView = pageView<Subscriber>(
  [
    { heading: 'EXTERNAL ID', cell: ({ external_id }) => external_id },
    { heading: 'NAME', cell: ({ name }) => name ?? '' },
    { heading: 'E-MAIL', cell: ({ email }) => email ?? '' },
    { heading: 'PHONE', cell: ({ phone }) => phone ?? '' },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'There is no subscriber yet. Sending to one makes one: vetrai notifications send',
)

/** One subscriber. */
export const subscriberView: View<Subscriber> = (subscriber, paint) => recordFields(subscriber, paint)
