import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { z } from 'zod'
import type { EndReason } from '../kernel/define-stream.js'
import { kernelErrors } from '../kernel/errors.js'
import { FRESH_MS } from '../storage/fresh-cache.js'
import { formatEvent, formatRetry, HEARTBEAT, isEventId } from './event-format.js'
import { toAppError } from './problem.js'

/** Revocation holds for data within this time. */
const REVOKED_WITHIN_MS = 1_000
/** How old the last look at the identity may be when an event is written; what it then saw is itself that of a cache. */
const LOOK_MS = (REVOKED_WITHIN_MS - FRESH_MS) / 2
/** After so many events in one go others have their turn, also where the handler never waits for anything. */
const IN_ONE_GO = 50
/** Clients connect again after one to three seconds: not all at once when a server goes away. */
const RETRY_MS = { least: 1_000, most: 3_000 }

export interface EventStreamOptions {
  response: ServerResponse
  log: Logger
  /** What one event may be. */
  schema: z.ZodType
  /** A comment is sent as often; a client that takes nothing for twice as long is dropped. */
  heartbeatMs: number
  /** Whether the caller's credential still gives the rights that it gave at the beginning. */
  stillHolds: () => Promise<boolean> | boolean
  onEvent: () => void
}

/** What became of a stream. `gone`: the client went away or took nothing. */
export interface StreamOutcome {
  events: number
  end: EndReason | 'gone'
}

/**
 * One stream of Server-Sent Events on its way to a client. It ends, once, for whichever comes first: the iteration is
 * over, the client goes or takes nothing, the credential is no longer good, the server ends, something fails. Its
 * signal is aborted then, and the last event, after which nothing is written, says why.
 */
export class EventStream {
  /** Resolves when the connection has taken everything, or is gone. */
  readonly closed: Promise<void>
  readonly #options: EventStreamOptions
  readonly #abort = new AbortController()
  #heartbeat: NodeJS.Timeout | undefined
  #end: EndReason | 'gone' | undefined
  #lookedAt = performance.now()
  #events = 0

  constructor(options: EventStreamOptions) {
    this.#options = options
    this.closed = new Promise((resolve) => {
      const gone = () => {
        this.#conclude('gone')
        resolve()
      }
      if (options.response.destroyed) gone()
      else options.response.once('close', gone)
    })
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Writes the head and then the events until the stream ends. Never throws. */
  async run(events: AsyncIterable<unknown>, headers: Record<string, string>): Promise<StreamOutcome> {
    const { response, heartbeatMs } = this.#options
    if (!response.destroyed) {
      response.writeHead(200, { ...headers, ...STREAM_HEADERS })
      response.write(formatRetry(retryMs()))
      // Also told where nothing was to be sent, because the server was busy.
      response.setTimeout(2 * heartbeatMs, () => {
        if (response.writableLength > 0) response.destroy()
      })
      // HEAD is told what GET would be; the server may have begun to end while the stream was opened.
      if (response.req.method === 'HEAD') this.end('finished')
      else if (this.#end) this.#writeEnd(this.#end)
      else {
        this.#heartbeat = setInterval(() => void this.#beat(), heartbeatMs)
        void this.#pump(events)
      }
    }
    await this.closed
    return { events: this.#events, end: this.#end ?? 'gone' }
  }

  /** Ends the stream with a last event that says why; where it ended already, nothing happens. */
  end(reason: EndReason): void {
    if (this.#end) return
    this.#conclude(reason)
    if (this.#options.response.headersSent) this.#writeEnd(reason)
  }

  #conclude(end: EndReason | 'gone'): void {
    if (this.#end) return
    this.#end = end
    clearInterval(this.#heartbeat)
    this.#abort.abort()
  }

  #writeEnd(reason: string): void {
    this.#options.response.end(formatEvent({ event: 'end', data: { reason } }))
  }

  async #pump(events: AsyncIterable<unknown>): Promise<void> {
    const { response } = this.#options
    try {
      for await (const event of events) {
        if (!(await this.#isGood())) return
        if (!response.write(this.#text(event))) await once(response, 'drain', { signal: this.signal })
        else if (this.#events % IN_ONE_GO === 0) await turn()
      }
      this.end('finished')
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  async #beat(): Promise<void> {
    try {
      if (await this.#isGood()) this.#options.response.write(HEARTBEAT)
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  /** Whether something may be written now; ends the stream where the credential is no longer good. */
  async #isGood(): Promise<boolean> {
    const now = performance.now()
    if (now - this.#lookedAt > LOOK_MS) {
      if (await this.#options.stillHolds()) this.#lookedAt = now
      else this.end('revoked')
    }
    return this.#end === undefined
  }

  #text(event: unknown): string {
    const { schema, log, onEvent } = this.#options
    const checked = schema.safeParse(event)
    if (!checked.success) {
      log.error(
        { issues: checked.error.issues.map((i) => [i.path.join('.'), i.code]) },
        'an event does not match its schema',
      )
      throw new kernelErrors.Internal()
    }
    const { id, ...rest } = checked.data as { id?: unknown; event: string; data: unknown }
    if (id !== undefined && !isEventId(String(id)))
      throw new TypeError('an event has an id that cannot be sent')
    this.#events += 1
    onEvent()
    return formatEvent({ ...rest, ...(id === undefined ? {} : { id: String(id) }) })
  }

  /** What a handler throws because it was told to stop is no failure. */
  #fail(thrown: unknown): void {
    if (this.#end) return
    toAppError(thrown, this.#options.log)
    this.end('failed')
  }
}

/** Headers of every stream: nobody between may keep it or hold it back. */
const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
}

function retryMs(): number {
  return RETRY_MS.least + Math.floor(Math.random() * (RETRY_MS.most - RETRY_MS.least))
}
