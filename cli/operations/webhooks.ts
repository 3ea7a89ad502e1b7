import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, Page } from '../clients/api.js'
import type {
  EventType,
  IssuedWebhookEndpoint,
  WebhookAttempt,
  WebhookEndpoint,
  WebhookMessage,
} from '../clients/webhook-resources.js'
import { CliError } from '../deployment/errors.js'
import { collectPages, type PageRequest } from './collect-pages.js'

const ENDPOINTS = '/notifications/v1/webhook-endpoints'
const MESSAGES = '/notifications/v1/webhook-messages'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const pathOf = (id: string) => `${ENDPOINTS}/${encodeURIComponent(id)}`

/** What may be said of an endpoint; what is left out stays as it is, or gets the server's default. */
export interface EndpointChange {
  url?: string
  event_types?: string[]
  description?: string
  headers?: Record<string, string>
  rate_per_minute?: number | null
  enabled?: boolean
}

/** The webhook endpoints of the tenant the client acts in. */
export function listEndpoints(
  api: Api,
  page: PageRequest,
  filter: { enabled?: boolean } = {},
): Promise<Page<WebhookEndpoint>> {
  return collectPages<WebhookEndpoint>(api, ENDPOINTS, page, { ...filter })
}

/** Makes an endpoint. The answer is the only place where its shared secret ever appears. */
export function createEndpoint(
  api: Api,
  endpoint: EndpointChange & { url: string; event_types: string[]; signing?: string[] },
): Promise<IssuedWebhookEndpoint> {
  return api.post<IssuedWebhookEndpoint>(ENDPOINTS, endpoint)
}

/** One endpoint by id, or by its URL where exactly one has it. */
export async function findEndpoint(api: Api, idOrUrl: string): Promise<WebhookEndpoint> {
  if (UUID.test(idOrUrl)) return api.get<WebhookEndpoint>(pathOf(idOrUrl))
  if (!URL.canParse(idOrUrl)) throw notFound(`"${idOrUrl}" is neither the id nor the URL of an endpoint.`)
  const { data } = await api.get<Page<WebhookEndpoint>>(ENDPOINTS, { url: idOrUrl, limit: 10 })
  const [endpoint, another] = data
  if (endpoint && !another) return endpoint
  if (!endpoint) throw notFound(`No endpoint has the URL ${idOrUrl}.`)
  throw new CliError({
    code: 'webhook_url_ambiguous',
    message: `${data.length} endpoints have the URL ${idOrUrl}.`,
    next: `Give the id: ${data.map(({ id, description }) => `${id} (${description || 'no description'})`).join(', ')}`,
  })
}

function notFound(message: string): CliError {
  return new CliError({ code: 'webhook_not_found', message, next: 'See `vetrai webhooks list`.' })
}

/** Changes what is given and nothing else. */
export function updateEndpoint(api: Api, id: string, change: EndpointChange): Promise<WebhookEndpoint> {
  return api.patch<WebhookEndpoint>(pathOf(id), change)
}

/** Removes an endpoint; what was sent to it stays on record. */
export async function deleteEndpoint(
  api: Api,
  { id, url }: WebhookEndpoint,
): Promise<{ id: string; url: string; deleted: true }> {
  await api.delete(pathOf(id))
  return { id, url, deleted: true }
}

/** Gives an endpoint new keys; those used so far sign along for `overlap_s` seconds. */
export function rotateKeys(
  api: Api,
  id: string,
  how: { overlap_s: number; signing?: string[] },
): Promise<IssuedWebhookEndpoint> {
  return api.post<IssuedWebhookEndpoint>(`${pathOf(id)}/rotate`, how)
}

/** Sends an example and waits for what comes of it, `waitMs` at most; it may be pending still. */
export async function testEndpoint(
  api: Api,
  id: string,
  { type, waitMs }: { type?: string; waitMs: number },
): Promise<WebhookMessage> {
  const until = Date.now() + waitMs
  let message = await api.post<WebhookMessage>(`${pathOf(id)}/test`, type === undefined ? {} : { type })
  for (let pauseMs = 100; isPending(message) && Date.now() < until; pauseMs = Math.min(2 * pauseMs, 1_000)) {
    await sleep(pauseMs)
    message = await api.get<WebhookMessage>(`${MESSAGES}/${message.id}`)
  }
  return message
}

function isPending({ deliveries }: WebhookMessage): boolean {
  return deliveries.some(({ status }) => status === 'pending')
}

/** The requests made to an endpoint, newest first. */
export function listAttempts(
  api: Api,
  id: string,
  page: PageRequest,
  filter: { outcome?: string; message_id?: string } = {},
): Promise<Page<WebhookAttempt>> {
  return collectPages<WebhookAttempt>(api, `${pathOf(id)}/attempts`, page, { ...filter })
}

/** Has a job send again what failed or was skipped at an endpoint in a time. */
export function replayEndpoint(
  api: Api,
  id: string,
  span: { since: string; until?: string },
): Promise<{ job_id: string }> {
  return api.post<{ job_id: string }>(`${pathOf(id)}/replay`, span)
}

/** What endpoints may be told of. */
export function listEventTypes(api: Api): Promise<Page<EventType>> {
  return api.get<Page<EventType>>('/notifications/v1/event-types')
}
