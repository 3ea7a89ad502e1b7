import { OutboundRefusedError } from './errors.js'

/** The parts of a request a redirect may change. */
export interface Redirectable {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Headers that say nothing of who is calling; on a foreign origin all others stay behind. */
const HARMLESS_HEADERS = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-language',
  'content-type',
  'range',
  'traceparent',
  'user-agent',
])

/** The Location of a redirect, or undefined when this answer is final. */
export function locationOf(status: number, location: string | undefined): string | undefined {
  return REDIRECTS.has(status) ? location : undefined
}

/**
 * The next request after a redirect (RFC 9110 section 15.4 and the Fetch standard): 303, and 301 or 302
 * to a POST, become a GET without body; on another origin only headers that identify nobody are kept.
 * Throws when the target is no URL or would leave https for http. The target is not yet checked.
 */
export function follow(from: Redirectable, status: number, location: string): Redirectable {
  const url = resolveLocation(location, from.url)
  if (from.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new OutboundRefusedError('outbound.refused_redirect', 'The server redirected from https to http.')
  }
  const becomesGet =
    (status === 303 && from.method !== 'GET' && from.method !== 'HEAD') ||
    ((status === 301 || status === 302) && from.method === 'POST')
  const isForeign = url.origin !== from.url.origin
  const headers = Object.fromEntries(
    Object.entries(from.headers).filter(
      ([name]) => !(becomesGet && name.startsWith('content-')) && (!isForeign || HARMLESS_HEADERS.has(name)),
    ),
  )
  return { url, headers, method: becomesGet ? 'GET' : from.method, body: becomesGet ? undefined : from.body }
}

function resolveLocation(location: string, base: URL): URL {
  try {
    return new URL(location, base)
  } catch {
    throw new OutboundRefusedError(
      'outbound.refused_redirect',
      'The server redirected to something that is no URL.',
    )
  }
}
