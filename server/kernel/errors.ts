import { defineErrors, type InputProblem } from './define-errors.js'

/** Errors any route can answer with, whatever its service. */
export const kernelErrors = defineErrors('request', {
  unauthenticated: {
    status: 401,
    message: (d: { reason: string }) => d.reason,
    next: 'Send a valid access token or API key as "Authorization: Bearer …".',
    headers: (d: { reason: string }) => ({
      'WWW-Authenticate':
        d.reason === 'No credential was sent.'
          ? 'Bearer realm="vetrai"'
          : 'Bearer realm="vetrai", error="invalid_token"',
    }),
  },
  forbidden: {
    status: 403,
    message: (d: { permission: string }) => `This needs the permission "${d.permission}".`,
    next: 'Ask an administrator of the organisation for a role (or a key with a scope) that includes it; GET /auth/v1/why explains.',
    headers: () => ({ 'WWW-Authenticate': 'Bearer realm="vetrai", error="insufficient_scope"' }),
  },
  tenantRequired: {
    status: 400,
    message: 'This call works inside one organisation, and the credential names none.',
    next: 'Choose one with POST /auth/v1/switch, or send its slug or id in the X-Tenant header (installation roles only).',
  },
  tenantSuspended: {
    status: 403,
    message: 'This organisation is suspended.',
    next: 'Contact the operator of this installation.',
  },
  notFound: {
    status: 404,
    message: 'There is nothing here that you may see.',
    next: 'Check the address and the id; GET /openapi.json lists every operation.',
  },
  methodNotAllowed: {
    status: 405,
    message: (d: { allow: string[] }) => `This address answers to ${d.allow.join(', ')}.`,
    next: 'Use one of those methods.',
    headers: (d: { allow: string[] }) => ({ Allow: d.allow.join(', ') }),
  },
  invalid: {
    status: 422,
    message: (d: { problems: InputProblem[] }) =>
      d.problems.length === 1 ? 'One value was refused.' : `${d.problems.length} values were refused.`,
    next: 'Correct what "errors" lists and send the request again.',
    members: (d: { problems: InputProblem[] }) => ({ errors: d.problems }),
  },
  malformed: {
    status: 400,
    message: (d: { what: string }) => d.what,
    next: 'Send well-formed JSON with "Content-Type: application/json".',
  },
  unsupportedMediaType: {
    status: 415,
    message: (d: { expected: string }) => `The body must be sent as ${d.expected}.`,
    next: 'Set the Content-Type header accordingly.',
  },
  tooLarge: {
    status: 413,
    message: (d: { limit: number }) => `The body is larger than ${d.limit} bytes.`,
    next: 'Send less at once; batches take at most 100 items.',
  },
  rateLimited: {
    status: 429,
    title: 'Rate limit exceeded',
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    message: (d: { policy: string; retryAfter: number }) =>
      `Too many requests under the limit "${d.policy}"; the window ends in ${d.retryAfter} s.`,
    next: 'Wait for the seconds in Retry-After, then go on more slowly.',
    headers: (d: { policy: string; retryAfter: number }) => ({ 'Retry-After': String(d.retryAfter) }),
    members: (d: { policy: string; retryAfter: number }) => ({ 'violated-policies': [d.policy] }),
  },
  tooManyStreams: {
    status: 429,
    message: (d: { limit: number }) => `You have ${d.limit} streams open already.`,
    next: 'Close one that is no longer read, then open this one.',
    headers: () => ({ 'Retry-After': '5' }),
  },
  streamsFull: {
    status: 503,
    message: 'This server takes no further stream at the moment.',
    next: 'Try again in a few seconds.',
    headers: () => ({ 'Retry-After': '5' }),
  },
  idempotencyInProgress: {
    status: 409,
    message: 'A request with this Idempotency-Key is still running.',
    next: 'Wait a second, then repeat the same request to get its answer.',
    headers: () => ({ 'Retry-After': '1' }),
  },
  idempotencyMismatch: {
    status: 422,
    message: 'This Idempotency-Key was used before with another request.',
    next: 'Use a new key for a new request.',
  },
  preconditionFailed: {
    status: 412,
    message: 'The resource changed since the version in If-Match.',
    next: 'Read it again, apply your change to the new version and retry with the new ETag.',
  },
  conflict: {
    status: 409,
    message: 'This would collide with something that exists already.',
    next: 'Read what exists, then change the request.',
  },
  timeout: {
    status: 504,
    message: 'The request took too long and was stopped.',
    next: 'Try again with less work in one request.',
  },
  unavailable: {
    status: 503,
    message: (d: { what: string }) => `${d.what} is not available at the moment.`,
    next: 'Try again in a few seconds; the operator sees the cause in /readyz.',
    headers: () => ({ 'Retry-After': '2' }),
  },
  maintenance: {
    status: 503,
    title: 'Maintenance',
    message: (d: { message: string; retryAfterS: number }) => d.message,
    next: 'Nothing of this request was done. Send it again after the seconds in Retry-After.',
    headers: (d: { message: string; retryAfterS: number }) => ({ 'Retry-After': String(d.retryAfterS) }),
  },
  notImplemented: {
    status: 501,
    message: (d: { what: string }) => d.what,
    next: 'The operator can enable what is missing; /readyz says what is.',
  },
  internal: {
    status: 500,
    message: 'Something failed on our side. Nothing of this request was kept.',
    next: 'Try again; if it stays, give the operator the request_id.',
  },
})
