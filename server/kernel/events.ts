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

/** What the catalogue says of one event. */
export interface EventDeclaration<N extends EventName = EventName> {
  /** What has happened when it is stored, one sentence. */
  about: string
  /** A payload as it may be. */
  example: Events[N]
  /** Why tenants are not told of it, where they are not: plumbing between services. */
  internal?: string
}

/** Events of one or several services, by name. */
export type EventCatalogue = { readonly [N in EventName]?: EventDeclaration<N> }

/** A complete catalogue of one service: every event whose name begins with the service's. */
type EventsOf<S extends string> = {
  readonly [N in EventName as N extends `${S}.${string}` ? N : never]: EventDeclaration<N>
}

/** Declares the events of a service. It does not compile while one is left out. */
export function defineEvents<S extends string>(_service: S, events: EventsOf<S>): EventCatalogue {
  return events as EventCatalogue
}
