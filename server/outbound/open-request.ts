import { promises as dns, type LookupAddress } from 'node:dns'
import http, { type IncomingMessage, type RequestOptions } from 'node:http'
import https from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import { type CheckedUrl, checkAddress, type UrlPolicy } from './check-url.js'
import { OutboundNetworkError, OutboundTimeoutError } from './errors.js'

/** Resolves a host name to all its addresses, or rejects. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>

/** What one hop of a call needs; the URL has been through checkUrl. */
export interface Hop {
  readonly target: CheckedUrl
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
  readonly policy: UrlPolicy
  readonly resolve: Resolve
  readonly agents: { readonly http: http.Agent; readonly https: https.Agent }
  readonly connectTimeoutMs: number
  readonly maxHeaderBytes: number
  /** Aborts with the error the call is to fail with. */
  readonly signal: AbortSignal
}

/** The system's resolver (honours /etc/hosts). */
export const systemResolve: Resolve = (host) => dns.lookup(host, { all: true, verbatim: true })

/**
 * Sends one request and resolves with its answer's head, the body not yet read. The name is resolved
 * once, every address is checked, and the socket is given exactly those addresses, so a name that
 * changes its answer between check and use (DNS rebinding) gains nothing. Follows no redirect.
 */
export function openRequest(hop: Hop): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    if (hop.signal.aborted) return reject(hop.signal.reason)
    const isTls = hop.target.url.protocol === 'https:'
    const request = (isTls ? https : http).request(requestOptions(hop, isTls))
    const onAbort = () => request.destroy(hop.signal.reason)
    hop.signal.addEventListener('abort', onAbort, { once: true })

    request.on('socket', (socket) => guardSocket(socket, hop, isTls, (error) => request.destroy(error)))
    // Stays attached: a server that answers early and hangs up makes the upload fail afterwards.
    request.on('error', reject)
    request.on('response', resolve)
    request.on('upgrade', (_response, socket) => {
      socket.destroy()
      reject(new OutboundNetworkError('outbound.bad_response', 'The answer switched protocols unasked.'))
    })
    request.on('close', () => {
      hop.signal.removeEventListener('abort', onAbort)
      reject(new OutboundNetworkError('outbound.unreachable', 'The other server closed the connection.'))
    })
    request.end(hop.body)
  })
}

/** Resolves a name and throws unless every address behind it may be called; gives those addresses. */
export async function resolveChecked(
  target: CheckedUrl,
  policy: UrlPolicy,
  resolve: Resolve,
): Promise<readonly LookupAddress[]> {
  const addresses = await resolve(target.host)
  if (addresses.length === 0) {
    throw new OutboundNetworkError('outbound.unresolved', 'The host name has no address.')
  }
  for (const { address } of addresses) checkAddress(address, target, policy)
  return addresses
}

function requestOptions(hop: Hop, isTls: boolean): RequestOptions & { autoSelectFamily: boolean } {
  const { url, host, port } = hop.target
  return {
    protocol: url.protocol,
    // Without a trailing dot, which certificates do not carry; brackets come off for net.connect.
    host,
    port,
    path: `${url.pathname}${url.search}`,
    method: hop.method,
    headers: { ...hop.headers, host: url.host },
    agent: isTls ? hop.agents.https : hop.agents.http,
    lookup: guardedLookup(hop),
    autoSelectFamily: true,
    maxHeaderSize: hop.maxHeaderBytes,
    insecureHTTPParser: false,
  }
}

function guardedLookup(hop: Hop): LookupFunction {
  return (_hostname, options, callback) => {
    resolveChecked(hop.target, hop.policy, hop.resolve).then(
      (addresses) => {
        const family = options.family === 4 || options.family === 6 ? options.family : undefined
        const usable = addresses.filter((a) => family === undefined || a.family === family)
        const [first] = usable
        if (options.all === true && first !== undefined) return callback(null, [...usable])
        if (first !== undefined) return callback(null, first.address, first.family)
        callback(
          new OutboundNetworkError('outbound.unresolved', 'The host name has no usable address.'),
          '',
          0,
        )
      },
      (error: Error) => callback(error, '', 0),
    )
  }
}

/** Bounds the connecting phase and checks, once more, where the socket really ended up. */
function guardSocket(socket: Socket, hop: Hop, isTls: boolean, fail: (error: Error) => void): void {
  if (!socket.connecting) return
  const timer = setTimeout(
    () => fail(new OutboundTimeoutError('connect', hop.connectTimeoutMs)),
    hop.connectTimeoutMs,
  )
  const stop = () => clearTimeout(timer)
  socket.once('connect', () => {
    try {
      checkAddress(socket.remoteAddress ?? '', hop.target, hop.policy)
    } catch (error) {
      fail(error as Error)
    }
  })
  socket.once(isTls ? 'secureConnect' : 'connect', stop)
  socket.once('close', stop)
}
