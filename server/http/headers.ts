import type { IncomingHttpHeaders } from 'node:http'
import type { Config } from '../config/config.js'

/** Headers of every API answer: nothing here is a page, a script or a frame. */
export function securityHeaders(config: Config): Record<string, string> {
  return {
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-site',
    ...(config.VETRAI_PUBLIC_URL?.startsWith('https://')
      ? { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' }
      : {}),
  }
}

const EXPOSED = 'ETag, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Idempotency-Replayed'

/** CORS headers for a browser origin on the allow-list; null when it is not on it. `*` is never answered. */
export function corsHeaders(origin: string, allowed: readonly string[]): Record<string, string> | null {
  if (!allowed.includes(origin)) return null
  return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': EXPOSED, Vary: 'Origin' }
}

/** Further headers that answer a preflight. */
export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE',
  'Access-Control-Allow-Headers':
    'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-API-Key, X-Tenant, X-Request-Id, traceparent',
  'Access-Control-Max-Age': '600',
}

const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/
const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** The caller's X-Request-Id when it is fit to be logged, else undefined. */
export function givenRequestId(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : undefined
}

/** The trace id of a W3C traceparent header, else undefined. */
export function givenTraceId(headers: IncomingHttpHeaders): string | undefined {
  const given = headers.traceparent
  return typeof given === 'string' ? TRACEPARENT.exec(given)?.[1] : undefined
}
