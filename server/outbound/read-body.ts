import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable, type Transform } from 'node:stream'
import zlib from 'node:zlib'
import type { Deadline } from './deadline.js'
import { OutboundNetworkError, OutboundTooLargeError, toOutboundError } from './errors.js'

/** Bounds on reading an answer's body. */
export interface BodyLimits {
  /** Largest body in bytes, held against the bytes as sent and again against the inflated bytes. */
  readonly maxBytes: number
  /** Longest wait for the next piece, in milliseconds; undefined leaves it to the deadline. */
  readonly idleTimeoutMs?: number | undefined
  readonly maxHeaderBytes: number
}

/**
 * Yields an answer's body inflated (gzip, br, deflate), never more than `maxBytes` of it and never
 * holding more than a piece in memory. Failures are OutboundErrors; ending early hangs up.
 */
export async function* readBody(
  response: IncomingMessage,
  method: string,
  limits: BodyLimits,
  deadline: Deadline,
): AsyncGenerator<Buffer, void, undefined> {
  const onAbort = () => response.destroy(deadline.signal.reason)
  deadline.signal.addEventListener('abort', onAbort, { once: true })
  let body: Readable = response
  try {
    if (deadline.signal.aborted) throw deadline.signal.reason
    refuseDeclaredLength(response, method, limits.maxBytes)
    body = inflate(response, method, limits.maxBytes)
    const pieces = body[Symbol.asyncIterator]()
    for (let total = 0; ; ) {
      const next = pieces.next()
      const piece = await (limits.idleTimeoutMs ? deadline.within(limits.idleTimeoutMs, next) : next)
      if (piece.done) return
      total += piece.value.length
      if (total > limits.maxBytes) throw new OutboundTooLargeError('inflated body', limits.maxBytes)
      yield piece.value
    }
  } catch (error) {
    throw toOutboundError(deadline.signal.aborted ? deadline.signal.reason : error, limits.maxHeaderBytes)
  } finally {
    deadline.signal.removeEventListener('abort', onAbort)
    deadline.dispose()
    // A body read to its end has given its socket back already.
    if (!response.complete) response.destroy()
    if (body !== response) body.destroy()
  }
}

function refuseDeclaredLength(response: IncomingMessage, method: string, maxBytes: number): void {
  if (method === 'HEAD') return
  if (Number(response.headers['content-length'] ?? 0) > maxBytes)
    throw new OutboundTooLargeError('body', maxBytes)
}

function inflate(response: IncomingMessage, method: string, maxBytes: number): Readable {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const hasBody = method !== 'HEAD' && response.statusCode !== 204 && response.statusCode !== 304
  if (!hasBody || response.headers['content-length'] === '0' || encoding === 'identity' || encoding === '') {
    return response
  }
  const decoder = decoderFor(encoding)
  // Counted as sent too, so that padding an archive cannot keep a connection busy unnoticed.
  let wire = 0
  response.on('data', (piece: Buffer) => {
    wire += piece.length
    if (wire > maxBytes) response.destroy(new OutboundTooLargeError('body', maxBytes))
  })
  // The error reaches the reader through the decoder, which pipeline destroys with it.
  pipeline(response, decoder, () => {})
  decoder.on('error', () => {})
  return decoder
}

/** One coding only: a chain of them is how bombs are nested, and no honest server sends one. */
function decoderFor(encoding: string): Transform {
  if (encoding === 'gzip' || encoding === 'x-gzip') return zlib.createGunzip()
  if (encoding === 'br') return zlib.createBrotliDecompress()
  if (encoding === 'deflate') return zlib.createInflate()
  throw new OutboundNetworkError(
    'outbound.bad_response',
    'The answer uses a compression that was not asked for.',
    {
      encoding: encoding.slice(0, 40),
    },
  )
}
