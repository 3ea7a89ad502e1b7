/** Every stable code an outgoing call can fail with. */
export type OutboundCode =
  | 'outbound.invalid_url'
  | 'outbound.refused_scheme'
  | 'outbound.refused_userinfo'
  | 'outbound.refused_port'
  | 'outbound.refused_address'
  | 'outbound.refused_redirect'
  | 'outbound.too_many_redirects'
  | 'outbound.invalid_request'
  | 'outbound.unresolved'
  | 'outbound.unreachable'
  | 'outbound.tls'
  | 'outbound.timeout'
  | 'outbound.aborted'
  | 'outbound.too_large'
  | 'outbound.bad_response'

/**
 * An outgoing call that failed. `message` is fit to show to the tenant who chose the URL: it never
 * holds a resolved address; what only the operator may know is in `details`, for the log.
 */
export class OutboundError extends Error {
  override readonly name: string = 'OutboundError'
  readonly code: OutboundCode
  readonly details: Readonly<Record<string, string | number>>

  constructor(
    code: OutboundCode,
    message: string,
    details: Readonly<Record<string, string | number>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}

/** The policy said no before a byte left: trying again gives the same answer. */
export class OutboundRefusedError extends OutboundError {
  override readonly name = 'OutboundRefusedError'
}

/** A deadline passed: the other side may or may not have seen the request. */
export class OutboundTimeoutError extends OutboundError {
  override readonly name = 'OutboundTimeoutError'

  constructor(phase: 'connect' | 'total' | 'idle', limitMs: number) {
    super('outbound.timeout', `The other server did not answer in time (${phase}, ${limitMs} ms).`, {
      phase,
      limit_ms: limitMs,
    })
  }
}

/** The caller's own AbortSignal ended the call. */
export class OutboundAbortedError extends OutboundError {
  override readonly name = 'OutboundAbortedError'

  constructor(cause?: unknown) {
    super('outbound.aborted', 'The call was cancelled.', {}, cause)
  }
}

/** The answer was larger than the caller allowed, as sent or after inflation. */
export class OutboundTooLargeError extends OutboundError {
  override readonly name = 'OutboundTooLargeError'

  constructor(what: 'headers' | 'body' | 'inflated body', limitBytes: number) {
    super('outbound.too_large', `The answer's ${what} is larger than ${limitBytes} bytes.`, {
      what,
      limit_bytes: limitBytes,
    })
  }
}

/** DNS, TCP, TLS or protocol failed: the network's or the other server's fault. */
export class OutboundNetworkError extends OutboundError {
  override readonly name = 'OutboundNetworkError'
}

/** Turns whatever node:http threw into one of the classes above; an OutboundError passes unchanged. */
export function toOutboundError(error: unknown, maxHeaderBytes: number): OutboundError {
  if (error instanceof OutboundError) return error
  const code = codeOf(error)
  if (code === 'HPE_HEADER_OVERFLOW') return new OutboundTooLargeError('headers', maxHeaderBytes)
  if (code.startsWith('HPE_'))
    return network('outbound.bad_response', 'The answer is not valid HTTP.', code, error)
  if (code.startsWith('Z_') || code.startsWith('ERR_BROTLI') || code.startsWith('ERR__ERROR')) {
    return network('outbound.bad_response', 'The compressed answer is damaged.', code, error)
  }
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) {
    return network('outbound.unresolved', 'The host name could not be resolved.', code, error)
  }
  if (TLS_CODE.test(code)) {
    return network(
      'outbound.tls',
      'A secure connection could not be made (certificate or protocol).',
      code,
      error,
    )
  }
  if (code.startsWith('ERR_INVALID') || code === 'ERR_UNESCAPED_CHARACTERS') {
    return network('outbound.invalid_request', 'The request could not be built.', code, error)
  }
  return network('outbound.unreachable', 'The other server could not be reached or hung up.', code, error)
}

const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO|CRL_|ERROR_IN_)/

function network(code: OutboundCode, message: string, cause: string, error: unknown): OutboundNetworkError {
  return new OutboundNetworkError(code, message, { cause }, error)
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'UNKNOWN'
  // With several addresses tried Node throws an AggregateError whose own code is the last one's.
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' ? code : 'UNKNOWN'
}
