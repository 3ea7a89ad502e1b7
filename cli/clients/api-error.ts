import { EXIT } from '../base/exit-codes.js'
import { CliError } from '../deployment/errors.js'

/** An answer of the API that is not a success, with what the command line needs of it. */
export class ApiError extends CliError {
  readonly status: number
  readonly requestId: string | undefined

  constructor(fields: { status: number; code: string; message: string; next: string; requestId?: string }) {
    super({ ...fields, exitCode: exitCodeOf(fields.status) })
    this.name = 'ApiError'
    this.status = fields.status
    this.requestId = fields.requestId
  }
}

/** Next steps that read differently for someone at a command line. */
const NEXT_HERE: Readonly<Record<string, string>> = {
  'request.not_found': 'Check the name or the id.',
  'request.tenant_required': 'Name the tenant: --tenant SLUG',
}

/** Turns an answer's status and body (RFC 9457 problem+json where it is one) into an ApiError. */
export function apiErrorFrom(status: number, body: unknown, headerRequestId: string | null): ApiError {
  const problem = isRecord(body) ? body : {}
  const requestId = text(problem.request_id) ?? headerRequestId ?? undefined
  const code = text(problem.code) ?? `http_${status}`
  return new ApiError({
    status,
    code,
    message: [text(problem.detail) ?? text(problem.title) ?? `The server answered ${status}.`]
      .concat(fieldProblems(problem.errors))
      .join('\n'),
    next: NEXT_HERE[code] ?? text(problem.next) ?? nextStep(status),
    ...(requestId === undefined ? {} : { requestId }),
  })
}

/** The connection itself failed: nothing listens, it broke, or it took too long. */
export function unreachable(url: string, cause: unknown, timeoutMs: number): CliError {
  const late = cause instanceof Error && cause.name === 'TimeoutError'
  return new CliError({
    code: late ? 'timeout' : 'unreachable',
    message: late
      ? `The server at ${url} did not answer within ${timeoutMs / 1000} seconds.`
      : `The server at ${url} cannot be reached.`,
    next: 'See `vetrai status`; start it with `vetrai up`.',
    exitCode: EXIT.notReady,
    cause,
  })
}

function exitCodeOf(status: number): 1 | 3 | 4 {
  if (status === 401 || status === 403) return EXIT.refused
  if (status === 502 || status === 503 || status === 504) return EXIT.notReady
  return EXIT.failed
}

function nextStep(status: number): string {
  if (status === 401) return 'The operator token may have been revoked: see `vetrai doctor`.'
  if (status === 403) return 'Use a credential that holds the permission.'
  if (status === 404) return 'Check the name or id.'
  if (status === 429) return 'Wait a moment and run it again.'
  return 'See `vetrai logs server` for what the server says.'
}

function fieldProblems(errors: unknown): string[] {
  if (!Array.isArray(errors)) return []
  return errors.filter(isRecord).map((error) => {
    const where = text(error.pointer)
      ?.replace(/^#?\/?(body\/)?/, '')
      .replaceAll('/', '.')
    return [where, text(error.message)].filter(Boolean).join(': ')
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
