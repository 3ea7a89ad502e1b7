import type { IncomingMessage, ServerResponse } from 'node:http'

/** One request on its way: what the steps have found out so far. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  id: string
  path: string
  /** Query text without the question mark. */
  search: string
  ip: string
  /** W3C trace id, the caller's where it sent one. */
  traceId: string
  headers: Record<string, string>
  startedAt: number
  /** Where the route answers with events: aborted when that is over. */
  signal?: AbortSignal
}
