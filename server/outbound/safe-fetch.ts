import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { rootCertificates } from 'node:tls'
import { parseAddress } from './addresses.js'
import { parseAllowList } from './allow-list.js'
import { checkUrl, DEFAULT_DENY_PORTS, type UrlPolicy } from './check-url.js'
import { type Deadline, startDeadline } from './deadline.js'
import { OutboundError, OutboundNetworkError, toOutboundError } from './errors.js'
import { openRequest, type Resolve, resolveChecked, systemResolve } from './open-request.js'
import { readBody } from './read-body.js'
import { follow, locationOf, type Redirectable } from './redirects.js'
import { type FetchInit, prepareRequest } from './request-init.js'

export type { FetchInit } from './request-init.js'

/** Settings of the client; every limit has a safe default. */
export interface SafeFetchOptions {
  /** Internal targets the operator opened: see parseAllowList for the forms. Default: none. */
  readonly allow?: readonly string[]
  /** Ports never called unless an allow entry names them. Default: DEFAULT_DENY_PORTS. */
  readonly denyPorts?: readonly number[]
  /** Refuse plain http altogether. Default: false. */
  readonly httpsOnly?: boolean
  /** Whole call, redirects and body included, in milliseconds. Default 10 000. */
  readonly timeoutMs?: number
  /** DNS, TCP and TLS of one hop, in milliseconds. Default 3 000. */
  readonly connectTimeoutMs?: number
  /** Largest body, as sent and inflated, in bytes. Default 5 MiB. */
  readonly maxBytes?: number
  /** Largest response head in bytes. Default 16 KiB. */
  readonly maxHeaderBytes?: number
  /** Redirects followed before the call fails. Default 3. */
  readonly maxRedirects?: number
  readonly userAgent?: string
  /** Extra certificate authorities (PEM) trusted besides Node's own. */
  readonly ca?: readonly string[]
  /** Keep idle connections for the next call. Default false: an idle socket may die under a POST. */
  readonly keepAlive?: boolean
  /** Replaces the system resolver; its answers are checked like any other. */
  readonly resolve?: Resolve
  /** Told of every finished call; must not throw. */
  readonly observe?: (call: ObservedCall) => void
}

/** One finished call, free of paths, queries, headers and bodies. */
export interface ObservedCall {
  readonly method: string
  readonly host: string
  readonly status: number | undefined
  /** The OutboundError code of a failed call. */
  readonly code: string | undefined
  /** OutboundError details, operator eyes only. */
  readonly details: Readonly<Record<string, string | number>>
  readonly durationMs: number
}

/** An answer whose body has been read whole. */
export interface SafeResponse {
  readonly status: number
  readonly ok: boolean
  readonly headers: IncomingHttpHeaders
  /** Where the answer came from, after redirects. */
  readonly url: string
  readonly bytes: Buffer
  /** The body as UTF-8. */
  text(): string
  /** The body as JSON; throws `outbound.bad_response` when it is not. */
  json(): unknown
}

/** An answer whose body is still to be read: iterate `body`, or `cancel()`. */
export interface SafeStream {
  readonly status: number
  readonly ok: boolean
  readonly headers: IncomingHttpHeaders
  readonly url: string
  readonly body: AsyncIterable<Buffer>
  /** Hangs up. Safe to repeat and after the end. */
  cancel(): void
}

/** The one way this server calls out. Every failure is an OutboundError; nothing is retried. */
export interface SafeFetch {
  /** Calls and reads the whole answer within the limits. A 4xx or 5xx is an answer, not an error. */
  fetch(url: string | URL, init?: FetchInit): Promise<SafeResponse>
  /** Calls and hands the body out piece by piece; `timeoutMs` ends with the head, then `idleTimeoutMs` (30 s) rules. */
  stream(url: string | URL, init?: FetchInit & { idleTimeoutMs?: number }): Promise<SafeStream>
  /** Throws as `fetch` would before connecting: for refusing a URL when it is saved. Saved URLs are checked again on use. */
  check(url: string | URL, init?: Pick<FetchInit, 'tlsUnlessOpened'>): Promise<void>
  /** Closes idle connections. */
  close(): void
}

/** Builds the guarded client; throws TypeError when an allow entry cannot be read. */
export function createSafeFetch(options: SafeFetchOptions = {}): SafeFetch {
  const settings = resolveSettings(options)

  return {
    fetch: (url, init = {}) =>
      observed(settings, url, init, async () => {
        const call = await openCall(settings, url, init)
        const pieces: Buffer[] = []
        for await (const piece of bodyOf(settings, call, init, undefined)) pieces.push(piece)
        return wholeResponse(call, Buffer.concat(pieces))
      }),
    stream: (url, init = {}) =>
      observed(settings, url, init, async () => {
        const call = await openCall(settings, url, init)
        call.deadline.disarm()
        return streamResponse(call, bodyOf(settings, call, init, init.idleTimeoutMs ?? 30_000))
      }),
    check: async (url, init = {}) => {
      const target = checkUrl(url, policyOf(settings, init))
      if (parseAddress(target.host) !== undefined) return
      const deadline = startDeadline(settings.connectTimeoutMs)
      const aborted = new Promise<never>((_resolve, reject) => {
        deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason), { once: true })
      })
      try {
        await Promise.race([resolveChecked(target, settings.policy, settings.resolve), aborted])
      } catch (error) {
        throw toOutboundError(error, settings.maxHeaderBytes)
      } finally {
        deadline.dispose()
      }
    },
    close: () => {
      settings.agents.http.destroy()
      settings.agents.https.destroy()
    },
  }
}

interface Settings {
  readonly policy: UrlPolicy
  readonly timeoutMs: number
  readonly connectTimeoutMs: number
  readonly maxBytes: number
  readonly maxHeaderBytes: number
  readonly maxRedirects: number
  readonly userAgent: string
  readonly resolve: Resolve
  readonly observe: ((call: ObservedCall) => void) | undefined
  readonly agents: { readonly http: http.Agent; readonly https: https.Agent }
}

interface OpenCall {
  readonly request: Redirectable
  readonly response: IncomingMessage
  readonly deadline: Deadline
}

function resolveSettings(options: SafeFetchOptions): Settings {
  // Own agents: the global ones may follow proxy variables, and belong to everybody.
  const pool = { keepAlive: options.keepAlive ?? false, maxSockets: 64, maxFreeSockets: 4, timeout: 15_000 }
  const trust = options.ca === undefined ? {} : { ca: [...rootCertificates, ...options.ca] }
  return {
    policy: {
      allow: parseAllowList(options.allow ?? []),
      denyPorts: new Set(options.denyPorts ?? DEFAULT_DENY_PORTS),
      httpsOnly: options.httpsOnly ?? false,
    },
    timeoutMs: options.timeoutMs ?? 10_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 3_000,
    maxBytes: options.maxBytes ?? 5 * 1024 * 1024,
    maxHeaderBytes: options.maxHeaderBytes ?? 16 * 1024,
    maxRedirects: options.maxRedirects ?? 3,
    userAgent: options.userAgent ?? 'VetrAI',
    resolve: options.resolve ?? systemResolve,
    observe: options.observe,
    agents: {
      http: new http.Agent(pool),
      https: new https.Agent({ ...pool, ...trust, rejectUnauthorized: true, minVersion: 'TLSv1.2' }),
    },
  }
}

/** Sends the request and follows redirects, each target checked like the first, to a final head. */
async function openCall(settings: Settings, url: string | URL, init: FetchInit): Promise<OpenCall> {
  const policy = policyOf(settings, init)
  let request = prepareRequest(checkUrl(url, policy).url, init, settings.userAgent)
  const deadline = startDeadline(init.timeoutMs ?? settings.timeoutMs, init.signal)
  const maxRedirects = init.redirect === 'manual' ? 0 : (init.maxRedirects ?? settings.maxRedirects)
  try {
    for (let hops = 0; ; hops += 1) {
      const response = await sendOnce(settings, policy, request, deadline.signal)
      const status = response.statusCode ?? 0
      const location = locationOf(status, response.headers.location)
      if (location === undefined || init.redirect === 'manual') return { request, response, deadline }

      response.destroy()
      if (hops >= maxRedirects) {
        throw new OutboundNetworkError(
          'outbound.too_many_redirects',
          'The server redirected too many times.',
          {
            limit: maxRedirects,
          },
        )
      }
      request = follow(request, status, location)
    }
  } catch (error) {
    deadline.dispose()
    throw toOutboundError(deadline.signal.aborted ? deadline.signal.reason : error, settings.maxHeaderBytes)
  }
}

function policyOf({ policy }: Settings, { tlsUnlessOpened = false }: FetchInit): UrlPolicy {
  return tlsUnlessOpened ? { ...policy, tlsUnlessOpened } : policy
}

function sendOnce(
  settings: Settings,
  policy: UrlPolicy,
  request: Redirectable,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return openRequest({
    target: checkUrl(request.url, policy),
    method: request.method,
    headers: request.headers,
    body: request.body,
    policy,
    resolve: settings.resolve,
    agents: settings.agents,
    connectTimeoutMs: settings.connectTimeoutMs,
    maxHeaderBytes: settings.maxHeaderBytes,
    signal,
  })
}

function bodyOf(
  settings: Settings,
  call: OpenCall,
  init: FetchInit,
  idleTimeoutMs: number | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const limits = {
    maxBytes: init.maxBytes ?? settings.maxBytes,
    maxHeaderBytes: settings.maxHeaderBytes,
    idleTimeoutMs,
  }
  return readBody(call.response, call.request.method, limits, call.deadline)
}

function headOf({ request, response }: OpenCall) {
  const status = response.statusCode ?? 0
  return { status, ok: status >= 200 && status < 300, headers: response.headers, url: request.url.href }
}

function wholeResponse(call: OpenCall, bytes: Buffer): SafeResponse {
  const text = () => new TextDecoder().decode(bytes)
  const json = (): unknown => {
    try {
      return JSON.parse(text())
    } catch (error) {
      throw new OutboundNetworkError('outbound.bad_response', 'The answer is not valid JSON.', {}, error)
    }
  }
  return { ...headOf(call), bytes, text, json }
}

function streamResponse(call: OpenCall, body: AsyncGenerator<Buffer, void, undefined>): SafeStream {
  const cancel = () => {
    call.response.destroy()
    call.deadline.dispose()
  }
  return { ...headOf(call), body, cancel }
}

async function observed<T extends { status: number }>(
  settings: Settings,
  url: string | URL,
  init: FetchInit,
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  const tell = (status: number | undefined, error?: unknown) =>
    settings.observe?.({
      method: init.method ?? 'GET',
      host: hostForLog(url),
      status,
      code: error instanceof OutboundError ? error.code : undefined,
      details: error instanceof OutboundError ? error.details : {},
      durationMs: performance.now() - startedAt,
    })
  try {
    const response = await work()
    tell(response.status)
    return response
  } catch (error) {
    tell(undefined, error)
    throw error
  }
}

function hostForLog(url: string | URL): string {
  try {
    return new URL(url).host
  } catch {
    return ''
  }
}
