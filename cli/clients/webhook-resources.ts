/** A key that signs an endpoint's messages, as everybody may see it. */
export interface SigningKey {
  scheme: string
  public_key: string | null
  created_at: string
  /** Null for the key in use. */
  expires_at: string | null
}

/** A webhook endpoint, as `/notifications/v1/webhook-endpoints` presents it; never a secret. */
export interface WebhookEndpoint {
  id: string
  url: string
  description: string
  event_types: string[]
  /** Names of the custom headers. */
  headers: string[]
  rate_per_minute: number | null
  enabled: boolean
  disabled_reason: string | null
  signing: SigningKey[]
  created_at: string
  [field: string]: unknown
}

/** A new endpoint, or one with new keys: the shared secret is shown this once. */
export interface IssuedWebhookEndpoint extends WebhookEndpoint {
  secret: string | null
}

/** How one message to one endpoint stands. */
export interface WebhookDelivery {
  message_id: string
  endpoint_id: string
  /** pending, delivered, failed or skipped */
  status: string
  reason: string | null
  attempts: number
  [field: string]: unknown
}

/** A message to webhook endpoints. */
export interface WebhookMessage {
  id: string
  type: string
  source: string
  occurred_at: string
  deliveries: WebhookDelivery[]
  [field: string]: unknown
}

/** One request to an endpoint. */
export interface WebhookAttempt {
  id: string
  message_id: string
  endpoint_id: string
  number: number
  outcome: string
  status_code: number | null
  error: string | null
  duration_ms: number
  response: string | null
  created_at: string
  [field: string]: unknown
}

/** Something that endpoints may be told of. */
export interface EventType {
  type: string
  service: string
  description: string
  example: unknown
}
