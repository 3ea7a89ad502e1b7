/** Sent now and then so that proxies keep a quiet connection and a client that went away is noticed. */
export const HEARTBEAT = ':\n\n'

/** Tells the client after how many milliseconds to connect again. */
export function formatRetry(ms: number): string {
  return `retry: ${ms}\n\n`
}

/**
 * One event on the wire (WHATWG HTML § 9.2.6). Data is one line whatever it holds, because JSON escapes line breaks;
 * the id must be visible ASCII, as `isEventId` tells.
 */
export function formatEvent({ id, event, data }: { id?: string; event: string; data: unknown }): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

/** Whether an event may have this id: it comes back as the value of a header, which holds visible ASCII. */
export function isEventId(text: string): boolean {
  return /^[\x21-\x7e]{1,255}$/.test(text)
}
