import { randomUUID } from 'node:crypto'
import { EXIT } from '../base/exit-codes.js'
import { CliError } from '../deployment/errors.js'
import { apiErrorFrom, unreachable } from './api-error.js'
import { readEvents, type ServerEvent } from './event-stream.js'

const TIMEOUT_MS = 30_000
const FORM = 'application/x-www-form-urlencoded'
/** Pause before a broken stream is opened again. */
const RECONNECT_MS = 250

/** One page of a list, as every list of the API answers. */
export interface Page<T> {
  data: T[]
  next_cursor: string | null
  has_more: boolean
}

export type Query = Record<string, string | number | boolean | undefined>

/** Whom to talk to and as whom. The token goes to this URL only. */
export interface ApiOptions {
  url: string
  token: string
  /** Slug or id of the tenant to act in; without it the call is the installation's. */
  tenant?: string
  timeoutMs?: number
}

/**
 * A small client of the deployment's own REST API. A failure is a CliError with the server's own code,
 * words and next step. POST and PATCH carry an Idempotency-Key, so that any call may be sent once more
 * when the connection breaks: the effect happens once.
 */
export class Api {
  constructor(private readonly options: ApiOptions) {}

  get url(): string {
    return this.options.url
  }

  /** The same client, acting in a tenant. */
  inTenant(tenant: string): Api {
    return new Api({ ...this.options, tenant })
  }

  /** The same client with another credential, which says itself where it works. */
  as(token: string): Api {
    const { url, timeoutMs } = this.options
    return new Api({ url, token, ...(timeoutMs === undefined ? {} : { timeoutMs }) })
  }

  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.send<T>('GET', path, { query })
  }

  post<T>(path: string, body: object = {}): Promise<T> {
    return this.send<T>('POST', path, { body })
  }

  /** Sends a form, as OAuth routes want. */
  form<T>(path: string, fields: Record<string, string>): Promise<T> {
    return this.send<T>('POST', path, { form: new URLSearchParams(fields) })
  }

  put<T>(path: string, body: object): Promise<T> {
    return this.send<T>('PUT', path, { body })
  }

  patch<T>(path: string, body: object): Promise<T> {
    return this.send<T>('PATCH', path, { body })
  }

  delete<T>(path: string, query: Query = {}): Promise<T> {
    return this.send<T>('DELETE', path, { query })
  }

  /**
   * Follows a stream of events until the server says that nothing more will come. Where the connection breaks it goes
   * on after the last event, also with a server that takes a while to start again. Throws as other calls do.
   */
  async *follow(path: string): AsyncGenerator<ServerEvent> {
    let response = await this.open(path, undefined)
    for (let after: string | undefined; ; response = await this.reopen(path, after)) {
      if (!response.body) return
      try {
        for await (const event of readEvents(response.body)) {
          if (event.event === 'end') {
            if (!mayGoOn(event.data)) return
            break
          }
          after = event.id ?? after
          yield event
        }
      } catch (error) {
        if (!brokeOff(error)) throw unreachable(this.options.url, error, TIMEOUT_MS)
      }
    }
  }

  /** Opens a stream that was open before; waits for a server that is not there at the moment. */
  private async reopen(path: string, after: string | undefined): Promise<Response> {
    const { timeoutMs = TIMEOUT_MS } = this.options
    for (const giveUpAt = Date.now() + timeoutMs; ; ) {
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS))
      try {
        return await this.open(path, after)
      } catch (error) {
        const isAway = error instanceof CliError && error.exitCode === EXIT.notReady
        if (!isAway || Date.now() > giveUpAt) throw error
      }
    }
  }

  private async open(path: string, after: string | undefined): Promise<Response> {
    const response = await fetch(this.options.url + path, {
      headers: {
        ...this.headers('GET'),
        accept: 'text/event-stream',
        ...(after === undefined ? {} : { 'last-event-id': after }),
      },
      redirect: 'error',
    }).catch((error: unknown) => {
      throw unreachable(this.options.url, error, TIMEOUT_MS)
    })
    if (response.ok) return response
    const body = parseBody(await response.text())
    throw apiErrorFrom(response.status, body, response.headers.get('x-request-id'))
  }

  private async send<T>(
    method: string,
    path: string,
    parts: { query?: Query; body?: object; form?: URLSearchParams },
  ): Promise<T> {
    const url = withQuery(this.options.url + path, parts.query ?? {})
    const response = await this.exchange(url, {
      method,
      headers: { ...this.headers(method), ...(parts.form && { 'content-type': FORM }) },
      redirect: 'error',
      ...(parts.form && { body: parts.form.toString() }),
      ...(parts.body === undefined ? {} : { body: JSON.stringify(parts.body) }),
    })
    if (response.ok) return response.body as T
    throw apiErrorFrom(response.status, response.body, response.requestId)
  }

  private headers(method: string): Record<string, string> {
    const writes = method === 'POST' || method === 'PATCH'
    return {
      accept: 'application/json',
      authorization: `Bearer ${this.options.token}`,
      'user-agent': 'vetrai-cli',
      ...(this.options.tenant === undefined ? {} : { 'x-tenant': this.options.tenant }),
      ...(writes || method === 'PUT' ? { 'content-type': 'application/json' } : {}),
      // What PUT does twice is what it does once.
      ...(writes ? { 'idempotency-key': randomUUID() } : {}),
    }
  }

  private async exchange(url: string, init: RequestInit): Promise<Answer> {
    const { timeoutMs = TIMEOUT_MS } = this.options
    const attempt = async () => {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) })
      return {
        ok: response.ok,
        status: response.status,
        requestId: response.headers.get('x-request-id'),
        body: parseBody(await response.text()),
      }
    }
    try {
      return await attempt().catch((error: unknown) => {
        if (brokeOff(error)) return attempt()
        throw error
      })
    } catch (error) {
      throw unreachable(this.options.url, error, timeoutMs)
    }
  }
}

interface Answer {
  ok: boolean
  status: number
  requestId: string | null
  body: unknown
}

function withQuery(url: string, query: Query): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  return search.size === 0 ? url : `${url}?${search}`
}

function parseBody(body: string): unknown {
  if (body === '') return undefined
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

/** Whether a stream ended for the time being only: the server restarts, or failed at it. */
function mayGoOn(data: unknown): boolean {
  const { reason } = (data ?? {}) as { reason?: string }
  return reason === 'shutdown' || reason === 'maintenance' || reason === 'failed'
}

/** The connection was open and broke: a restarting server does this, and once more is enough. */
function brokeOff(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_BODY_TIMEOUT'].includes(code)
}
