import { documentOf } from './api-document.js'
import { EventReader } from './event-source.js'

/** An answer as a test looks at it. */
export interface Answer {
  status: number
  headers: Headers
  /** The parsed JSON body; undefined when there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the answer holds, and fails on what is not there.
  body: any
  text: string
}

export interface CallOptions {
  headers?: Record<string, string>
  body?: unknown
}

/** Calls the server's REST API as somebody. */
export class Caller {
  readonly url: string
  readonly #headers: Record<string, string>

  constructor(url: string, who: { token?: string; headers?: Record<string, string> } = {}) {
    this.url = url
    this.#headers = { ...(who.token ? { authorization: `Bearer ${who.token}` } : {}), ...who.headers }
  }

  /** The same caller working in another tenant (installation roles). */
  in(tenant: string): Caller {
    return this.with({ 'x-tenant': tenant })
  }

  /** The same caller at another server. */
  at(url: string): Caller {
    return new Caller(url, { headers: this.#headers })
  }

  /** The same caller with further headers. */
  with(headers: Record<string, string>): Caller {
    return new Caller(this.url, { headers: { ...this.#headers, ...headers } })
  }

  get(path: string, options: CallOptions = {}): Promise<Answer> {
    return this.call('GET', path, options)
  }
  post(path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> {
    return this.call('POST', path, { ...options, body })
  }
  patch(path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> {
    return this.call('PATCH', path, { ...options, body })
  }
  put(path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> {
    return this.call('PUT', path, { ...options, body })
  }
  delete(path: string, options: CallOptions = {}): Promise<Answer> {
    return this.call('DELETE', path, options)
  }
  /** Sends a form, as OAuth routes want. */
  form(path: string, fields: Record<string, string>): Promise<Answer> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return this.call('POST', path, { headers, body: new URLSearchParams(fields).toString() })
  }

  /** Opens a stream of events, after one of them where its id is given; throws where the answer is no stream. */
  async stream(path: string, { after = '' }: { after?: string } = {}): Promise<EventReader> {
    const response = await fetch(this.url + path, {
      headers: { ...this.#headers, ...(after ? { 'last-event-id': after } : {}) },
    })
    if (!isStream(response)) throw new Error(`no stream: ${response.status} ${await response.text()}`)
    const document = await documentOf(this.url)
    return new EventReader(response, ({ id, event, data }) => {
      const shown = { ...(id === undefined ? {} : { id }), event, data }
      complain(document.problems('GET', withoutQuery(path), 200, EVENT_STREAM, shown), JSON.stringify(shown))
    })
  }

  /** Of a stream only the beginning of the answer is looked at: see `stream`. */
  async call(method: string, path: string, { headers = {}, body }: CallOptions): Promise<Answer> {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...this.#headers,
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    })
    const answer = isStream(response) ? await letGo(response) : await response.text()
    await this.#keepToDocument(method, path, response, answer)
    return { status: response.status, headers: response.headers, body: parsed(answer), text: answer }
  }

  /** Every answer that any test gets must be as the API document says. */
  async #keepToDocument(method: string, path: string, response: Response, text: string): Promise<void> {
    const document = await documentOf(this.url)
    const type = response.headers.get('content-type')
    const isText = type?.startsWith('text/') && !isStream(response)
    const body = isStream(response) ? END : isText ? text : parsed(text)
    complain(document.problems(method, withoutQuery(path), response.status, type, body), text)
  }
}

const EVENT_STREAM = 'text/event-stream'
/** The one event that every stream may send. */
const END = { event: 'end', data: { reason: 'finished' } }

function isStream(response: Response): boolean {
  return response.headers.get('content-type') === EVENT_STREAM
}

async function letGo(response: Response): Promise<string> {
  await response.body?.cancel()
  return ''
}

function complain(problems: readonly string[], text: string): void {
  if (problems.length > 0)
    throw new Error(`the answer is not as documented:\n${problems.join('\n')}\n${text.slice(0, 500)}`)
}

function withoutQuery(path: string): string {
  return path.split('?')[0] ?? path
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
