import type {
  EventType,
  IssuedWebhookEndpoint,
  SigningKey,
  WebhookAttempt,
  WebhookEndpoint,
  WebhookMessage,
} from '../clients/webhook-resources.js'
import { fields } from './fields.js'
import { time } from './format.js'
import { pageView } from './page-view.js'
import type { Paint } from './paint.js'
import type { View } from './view.js'

/** Endpoints as a table. */
export const endpointsView = pageView<WebhookEndpoint>(
  [
    { heading: 'URL', cell: ({ url }) => url },
    { heading: 'EVENTS', cell: ({ event_types }) => event_types.join(',') },
    { heading: 'STATE', cell: stateOf },
    { heading: 'DESCRIPTION', cell: ({ description }) => description || '–' },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'This tenant has no webhook endpoint. Make one: vetrai webhooks create URL',
)

/** One endpoint, without its secrets. */
export const endpointView: View<WebhookEndpoint> = (endpoint, paint) => endpointFields(endpoint, paint)

/** An endpoint with its new secret, and that it is not shown again. */
export const issuedEndpointView: View<IssuedWebhookEndpoint> = (endpoint, paint) =>
  [
    endpointFields(endpoint, paint),
    ...(endpoint.secret === null
      ? []
      : ['', paint.bold(endpoint.secret), paint.yellow('Keep it now: it is not shown again.')]),
  ].join('\n')

/** What came of a test. */
export const testedView: View<WebhookMessage> = ({ id, deliveries }, paint) =>
  deliveries
    .map(({ status, reason }) => {
      if (status === 'delivered') return `${paint.green('✓')} The receiver took message ${id}.`
      if (status === 'pending') return `${paint.yellow('…')} Message ${id} is still on its way.`
      return `${paint.red('✗')} Message ${id} was not taken: ${reason}`
    })
    .join('\n')

/** Attempts as a table. */
export const attemptsView = pageView<WebhookAttempt>(
  [
    { heading: 'TIME', cell: ({ created_at }) => time(created_at) },
    { heading: 'OUTCOME', cell: ({ outcome }) => outcome },
    { heading: 'STATUS', cell: ({ status_code }) => String(status_code ?? '–'), align: 'right' },
    { heading: 'MS', cell: ({ duration_ms }) => String(duration_ms), align: 'right' },
    { heading: 'TRY', cell: ({ number }) => String(number), align: 'right' },
    { heading: 'MESSAGE', cell: ({ message_id }) => message_id },
    { heading: 'ERROR', cell: ({ error }) => error ?? '' },
  ],
  'Nothing was sent to this endpoint yet. Try it: vetrai webhooks test',
)

/** Event types as a table. */
export const eventTypesView = pageView<EventType>(
  [
    { heading: 'TYPE', cell: ({ type }) => type },
    { heading: 'WHAT HAS HAPPENED', cell: ({ description }) => description },
  ],
  'There are no event types.',
)

function endpointFields(endpoint: WebhookEndpoint, paint: Paint): string {
  const { rate_per_minute: rate } = endpoint
  return fields(
    [
      ['url', paint.bold(endpoint.url)],
      ['id', endpoint.id],
      ['description', endpoint.description],
      ['events', endpoint.event_types.join(', ')],
      ['state', endpoint.enabled ? paint.green('enabled') : paint.yellow(stateOf(endpoint))],
      ['headers', endpoint.headers.join(', ')],
      ['at most', rate === null ? null : `${rate} a minute`],
      ...endpoint.signing.map((key) => ['signed by', keyText(key)] as const),
      ['created', time(endpoint.created_at)],
    ],
    paint,
  )
}

function stateOf({ enabled, disabled_reason }: WebhookEndpoint): string {
  return enabled ? 'enabled' : `disabled (${disabled_reason})`
}

function keyText({ scheme, public_key, expires_at }: SigningKey): string {
  return [scheme, public_key, expires_at && `until ${time(expires_at)}`].filter(Boolean).join(' ')
}
