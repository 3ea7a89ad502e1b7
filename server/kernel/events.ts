/**
 * Past-tense facts, `service.thing.verbed`, each with its payload. Services add theirs by declaration
 * merging; payloads hold ids, never secrets.
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled by declaration merging in the services.
export interface Events {}

export type EventName = keyof Events & string

/** An event as it is stored in the outbox and handed to `on:` handlers. */
export interface StoredEvent<N extends EventName = EventName> {
  id: string
  name: N
  tenantId: string | null
  payload: Events[N]
  occurredAt: Date
}
