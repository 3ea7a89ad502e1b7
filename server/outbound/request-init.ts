import { validateHeaderName, validateHeaderValue } from 'node:http'
import { OutboundError } from './errors.js'
import type { Redirectable } from './redirects.js'

/** One call's own wishes; limits left out come from the client. */
export interface FetchInit {
  /** GET (default), HEAD, POST, PUT, PATCH, DELETE or OPTIONS. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** `follow` (default) or `manual`: give the 3xx answer back as it is. */
  readonly redirect?: 'follow' | 'manual'
  readonly maxRedirects?: number
  readonly timeoutMs?: number
  readonly maxBytes?: number
  readonly signal?: AbortSignal
  /** Refuse plain http, except to what the operator opened. */
  readonly tlsUnlessOpened?: boolean
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Headers that frame the message or route it: only the client itself sets them. */
const OWN_HEADERS =
  /^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|keep-alive|expect|http2-settings|proxy-.*)$/

const MAX_HEADER_BYTES = 16 * 1024

/** Checks and normalises a request; throws `outbound.invalid_request` for what could bend its framing. */
export function prepareRequest(url: URL, init: FetchInit, userAgent: string): Redirectable {
  const method = (init.method ?? 'GET').toUpperCase()
  if (!METHODS.has(method)) throw invalid(`The method ${method.slice(0, 20)} is not sent.`)
  const body = typeof init.body === 'string' ? Buffer.from(init.body) : init.body
  if (body !== undefined && (method === 'GET' || method === 'HEAD')) throw invalid(`A ${method} has no body.`)

  const headers: Record<string, string> = {
    accept: '*/*',
    'accept-encoding': 'gzip, br',
    'user-agent': userAgent,
  }
  for (const [name, value] of Object.entries(init.headers ?? {})) headers[checkedName(name, value)] = value
  if (body !== undefined) headers['content-length'] = String(body.byteLength)
  const size = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
  if (size > MAX_HEADER_BYTES) throw invalid('The request headers are too large.')
  return { url, method, headers, body }
}

function checkedName(name: string, value: string): string {
  const lower = name.toLowerCase()
  if (OWN_HEADERS.test(lower)) throw invalid(`The header ${lower} cannot be chosen.`)
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    throw invalid(`The header ${JSON.stringify(lower.slice(0, 60))} is not valid.`)
  }
  return lower
}

function invalid(message: string): OutboundError {
  return new OutboundError('outbound.invalid_request', message)
}
