/** An answer ready to be written. */
export interface Answer {
  status: number
  headers: Record<string, string>
  body: string | null
  /** Instead of a body, what is sent event by event. */
  events?: AsyncIterable<unknown>
}
