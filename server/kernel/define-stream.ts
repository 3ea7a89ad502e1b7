import { z } from 'zod'
import type { Ctx } from './context.js'
import type { HandlerInput, RouteInput, RouteRecord, RouteSpec } from './define-route.js'

/** Schema of each event's data, by the event's name. */
export type EventSchemas = Readonly<Record<string, z.ZodType>>

/** One event as a handler gives it: its name, data that fits the name, and the id to resume after. */
export type StreamEvent<E extends EventSchemas, R extends z.ZodType = z.ZodNever> = {
  [N in keyof E & string]: { id?: z.input<R> & string; event: N; data: z.input<E[N]> }
}[keyof E & string]

/** What a stream's handler is told of whoever listens. */
export interface StreamHandle<Id = unknown> {
  /** Id of the last event that the client has; null where it begins anew. */
  readonly lastEventId: Id | null
  /** Aborted when the stream is over, whoever ended it: the client, the server or a revocation. */
  readonly signal: AbortSignal
}

/** Why a stream ended: the data of its last event, which is named `end`. */
export const END_REASONS = ['finished', 'revoked', 'shutdown', 'maintenance', 'failed'] as const
export type EndReason = (typeof END_REASONS)[number]

type Inherited =
  | 'id'
  | 'path'
  | 'summary'
  | 'description'
  | 'access'
  | 'limit'
  | 'audit'
  | 'transaction'
  | 'errors'
type StreamInput = Omit<RouteInput, 'body'>

export interface StreamSpec<I extends StreamInput, E extends EventSchemas, R extends z.ZodType>
  extends Pick<RouteSpec<I, z.ZodType>, Inherited> {
  input: I
  events: E
  /** Schema of an event's id, which Last-Event-ID brings back. Left out, events have none and nothing is resumed. */
  eventId?: R
  /**
   * Opens the stream. It is an ordinary request until this answers: it runs in the route's transaction and whatever
   * it throws is answered as a problem with its status, so here is where a foreign id becomes a 404. What it answers
   * is iterated after that transaction; events are sent as they come, and the end of the iteration ends the stream.
   * An iterable that is never begun must hold nothing open. Null says that nothing more will ever come (204, at
   * which a browser stops connecting anew).
   */
  handler: (
    ctx: Ctx,
    input: Omit<HandlerInput<I>, 'body'>,
    stream: StreamHandle<z.output<R>>,
  ) => Promise<AsyncIterable<StreamEvent<E, R>> | null>
}

/**
 * Declares a GET route that answers with Server-Sent Events. Leaving out access, limit, audit, input or events does
 * not compile; a handler that yields what `events` does not name neither.
 */
export function defineStream<
  const I extends StreamInput,
  E extends EventSchemas,
  R extends z.ZodType = z.ZodNever,
>(spec: StreamSpec<I, E, R>): RouteRecord {
  const { events, eventId, ...rest } = spec
  return {
    ...rest,
    method: 'get',
    output: eventSchema(spec.id, events, eventId),
    stream: { eventId: eventId ?? null },
  } as unknown as RouteRecord
}

const streamEnd = z
  .strictObject({ event: z.literal('end'), data: z.strictObject({ reason: z.enum(END_REASONS) }) })
  .meta({
    id: 'StreamEnd',
    description:
      'The last event. `finished`: nothing more will come. `revoked`: the credential is no longer good, or no longer gives the same rights. `shutdown`, `maintenance`, `failed`: connect again, with `Last-Event-ID`; during a maintenance that is answered 503 with `Retry-After`.',
  })

/** What one event of a stream may be: its name decides about its data. */
function eventSchema(streamId: string, events: EventSchemas, eventId: z.ZodType | undefined): z.ZodType {
  const [first, ...others] = Object.entries(events).map(([name, data]) => {
    if (!/^[a-z][a-z0-9_.-]{0,63}$/.test(name) || name === 'end')
      throw new TypeError(`stream "${streamId}" cannot name an event "${name}"`)
    return z.strictObject({ ...(eventId ? { id: eventId.optional() } : {}), event: z.literal(name), data })
  })
  if (!first) throw new TypeError(`stream "${streamId}" names no event`)
  return z.discriminatedUnion('event', [first, ...others, streamEnd])
}
