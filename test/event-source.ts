/** One event as a browser dispatches it, with what its own lines said. */
export interface ReceivedEvent {
  event: string
  /** Its data as it came. */
  text: string
  /** Its data as JSON; undefined where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the event holds, and fails on what is not there.
  data: any
  /** The id on the event itself; undefined where it had none. */
  id: string | undefined
}

/**
 * The parser of event streams that a browser has (WHATWG HTML § 9.2.6), line by line and in whatever pieces the text
 * comes.
 */
export class EventParser {
  lastEventId = ''
  retryMs: number | undefined
  comments = 0
  #rest = ''
  #begun = false
  #data: string[] = []
  #event = ''
  #id: string | undefined

  /** The events that this piece completes. */
  push(piece: string): ReceivedEvent[] {
    let text = this.#rest + piece
    if (!this.#begun && text !== '') {
      this.#begun = true
      if (text.startsWith('\ufeff')) text = text.slice(1)
    }
    const events: ReceivedEvent[] = []
    for (;;) {
      const found = /\r\n|\n|\r/.exec(text)
      // A carriage return at the end may be half of a line break.
      if (!found || (found[0] === '\r' && found.index === text.length - 1)) break
      const event = this.#line(text.slice(0, found.index))
      if (event) events.push(event)
      text = text.slice(found.index + found[0].length)
    }
    this.#rest = text
    return events
  }

  #line(line: string): ReceivedEvent | undefined {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) this.comments += 1
    else if (colon < 0) this.#field(line, '')
    else this.#field(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ''))
    return undefined
  }

  #field(name: string, value: string): void {
    if (name === 'event') this.#event = value
    else if (name === 'data') this.#data.push(value)
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^[0-9]+$/.test(value)) this.retryMs = Number(value)
  }

  #dispatch(): ReceivedEvent | undefined {
    const [id, event, text, hasData] = [this.#id, this.#event, this.#data.join('\n'), this.#data.length > 0]
    if (id !== undefined) this.lastEventId = id
    this.#data = []
    this.#event = ''
    this.#id = undefined
    return hasData ? { id, event: event || 'message', text, data: parsed(text) } : undefined
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One connection to a stream of events. What it sends is read as it comes, whether or not anybody asks. */
export class EventReader {
  readonly headers: Headers
  readonly #parser = new EventParser()
  readonly #body: ReadableStreamDefaultReader<Uint8Array>
  readonly #check: (event: ReceivedEvent) => void
  readonly #queue: ReceivedEvent[] = []
  #closed: { error?: unknown } | undefined
  #wake: () => void = () => undefined

  /** @param check throws where an event is not as it should be. */
  constructor(response: Response, check: (event: ReceivedEvent) => void = () => undefined) {
    if (!response.body) throw new Error('the answer has no body')
    this.headers = response.headers
    this.#body = response.body.getReader()
    this.#check = check
    void this.#read()
  }

  get lastEventId(): string {
    return this.#parser.lastEventId
  }
  get retryMs(): number | undefined {
    return this.#parser.retryMs
  }
  get comments(): number {
    return this.#parser.comments
  }

  /** The next event; null when the connection is over. */
  async next(): Promise<ReceivedEvent | null> {
    while (this.#queue.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const event = this.#queue.shift()
    if (event) this.#check(event)
    return event ?? null
  }

  /** The next so many events. */
  async take(count: number): Promise<ReceivedEvent[]> {
    const events: ReceivedEvent[] = []
    while (events.length < count) {
      const event = await this.next()
      if (!event) throw new Error(`the stream was over after ${events.length} of ${count} events`)
      events.push(event)
    }
    return events
  }

  /** All that is still to come, to the end of the connection. */
  async rest(): Promise<ReceivedEvent[]> {
    const events: ReceivedEvent[] = []
    for (let event = await this.next(); event; event = await this.next()) events.push(event)
    return events
  }

  /** Whether the connection was cut, as opposed to ended in order. Known once it is over. */
  get wasCut(): boolean {
    return this.#closed?.error !== undefined
  }

  /** Closes the connection, as somebody does who leaves the page. */
  async close(): Promise<void> {
    await this.#body.cancel().catch(() => undefined)
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    try {
      for (;;) {
        const { done, value } = await this.#body.read()
        if (done) break
        this.#queue.push(...this.#parser.push(decoder.decode(value, { stream: true })))
        this.#wake()
      }
      this.#closed = {}
    } catch (error) {
      this.#closed = { error }
    }
    this.#wake()
  }
}

/**
 * Events across connections, as a browser gets them: it connects again with the id of the last one until it is told
 * that the stream is finished, or is not answered with a stream.
 */
export async function* reconnecting(
  connect: (lastEventId: string) => Promise<EventReader>,
): AsyncGenerator<ReceivedEvent, void, undefined> {
  for (let lastEventId = ''; ; ) {
    const reader = await connect(lastEventId)
    try {
      for (let event = await reader.next(); event; event = await reader.next()) {
        if (event.id !== undefined) lastEventId = event.id
        yield event
        if (event.event === 'end' && event.data.reason === 'finished') return
      }
    } finally {
      await reader.close()
    }
  }
}
