import type { Api, Page } from '../clients/api.js'
import type {
  AcceptedMessage,
  Delivery,
  Explanation,
  InboxItem,
  Subscriber,
} from '../clients/notification-resources.js'
import { CliError } from '../deployment/errors.js'
import { collectPages, type PageRequest } from './collect-pages.js'

const V1 = '/notifications/v1'
const SUBSCRIBERS = `${V1}/subscribers`
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Long enough for one look. */
const TOKEN_TTL_S = 60

/** A message as it is handed in. */
export interface NewMessage {
  to: object[]
  template?: string
  content?: { title: string; body: string }
  data?: object
  category?: string
  channels?: string[]
}

/** Has a message sent. */
export function sendMessage(
  api: Api,
  message: NewMessage & { delay_s?: number; transaction_id?: string },
): Promise<AcceptedMessage> {
  return api.post<AcceptedMessage>(`${V1}/send`, message)
}

/** Asks who would get what of a message, and why; nothing is sent. */
export function explainMessage(api: Api, message: NewMessage & { at?: string }): Promise<Explanation> {
  return api.post<Explanation>(`${V1}/explain`, message)
}

/** Which deliveries to list. */
export interface DeliveryFilter {
  message_id?: string
  recipient_id?: string
  channel?: string
  status?: string
}

/** What became of messages, newest first. */
export function listDeliveries(api: Api, page: PageRequest, filter: DeliveryFilter): Promise<Page<Delivery>> {
  return collectPages<Delivery>(api, `${V1}/deliveries`, page, { ...filter })
}

/** Has a delivery that failed or bounced tried again. */
export function retryDelivery(api: Api, id: string): Promise<Delivery> {
  return api.post<Delivery>(`${V1}/deliveries/${encodeURIComponent(id)}/retry`)
}

/** The inbox of whoever the client acts as, newest first. */
export function listInbox(api: Api, page: PageRequest, filter: { state?: string }): Promise<Page<InboxItem>> {
  return collectPages<InboxItem>(api, `${V1}/inbox`, page, { ...filter })
}

/** A client that sees what one subscriber sees, for a minute. */
export async function asSubscriber(api: Api, subscriber: Subscriber): Promise<Api> {
  const path = `${SUBSCRIBERS}/${encodeURIComponent(subscriber.id)}/tokens`
  const { token } = await api.post<{ token: string }>(path, { ttl_s: TOKEN_TTL_S })
  return api.as(token)
}

/** The end users of the tenant. */
export function listSubscribers(
  api: Api,
  page: PageRequest,
  filter: { email?: string },
): Promise<Page<Subscriber>> {
  return collectPages<Subscriber>(api, SUBSCRIBERS, page, { ...filter })
}

/** Makes a subscriber, or changes the one of this external id. */
export function putSubscriber(
  api: Api,
  subscriber: { external_id: string } & Record<string, unknown>,
): Promise<Subscriber> {
  return api.put<Subscriber>(SUBSCRIBERS, subscriber)
}

/** One subscriber, by the tenant's own id or by ours. */
export async function findSubscriber(api: Api, id: string): Promise<Subscriber> {
  const { data } = await api.get<Page<Subscriber>>(SUBSCRIBERS, { external_id: id, limit: 1 })
  const [subscriber] = data
  if (subscriber) return subscriber
  if (UUID.test(id)) return api.get<Subscriber>(`${SUBSCRIBERS}/${id}`)
  throw new CliError({
    code: 'subscriber_not_found',
    message: `No subscriber has the external id ${id}.`,
    next: 'See `vetrai subscribers list`.',
  })
}

/** Removes a subscriber with inbox, preferences and topics. */
export async function deleteSubscriber(
  api: Api,
  { id, external_id }: Subscriber,
): Promise<{ id: string; external_id: string; deleted: true }> {
  await api.delete(`${SUBSCRIBERS}/${encodeURIComponent(id)}`)
  return { id, external_id, deleted: true }
}
