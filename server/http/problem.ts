import type { Logger } from 'pino'
import { AppError } from '../kernel/define-errors.js'
import { kernelErrors } from '../kernel/errors.js'
import { UnknownSealingKey } from '../kernel/sealing-ring.js'
import { databaseCode, isDatabaseAway } from '../storage/database-away.js'
import { refusedBy } from '../storage/maintenance-gate.js'
import type { Answer } from './answer.js'
import { answerPage } from './page.js'

/** Something exists already, or what is referred to went away meanwhile. */
const CONFLICTS = new Set(['23505', '23503'])
/** Null characters and broken encodings, in text and in jsonb. */
const UNSTORABLE = new Set(['22021', '22P05'])

/** Turns whatever was thrown into an error a caller may see; what is unknown is logged and becomes a bare 500. */
export function toAppError(thrown: unknown, log: Logger): AppError {
  if (thrown instanceof AppError) return thrown
  // Express could not decode the address: the caller's mistake, not ours.
  if (thrown instanceof URIError) return new kernelErrors.NotFound()
  const maintenance = refusedBy(thrown)
  if (maintenance) return new kernelErrors.Maintenance(maintenance)
  const code = databaseCode(thrown)
  if (code !== undefined && CONFLICTS.has(code)) return new kernelErrors.Conflict()
  if (code !== undefined && UNSTORABLE.has(code)) {
    return new kernelErrors.Malformed({ what: 'A text holds a character that cannot be stored.' })
  }
  if (isDatabaseAway(thrown)) {
    log.warn({ err: thrown }, 'the database is not available')
    return new kernelErrors.Unavailable({ what: 'The database' })
  }
  if (thrown instanceof UnknownSealingKey) {
    log.warn({ err: thrown }, 'another process knows a newer sealing key')
    return new kernelErrors.Unavailable({ what: 'A key of this installation' })
  }
  log.error({ err: thrown }, 'unexpected error')
  return new kernelErrors.Internal()
}

/** How a route answers errors. */
export type ErrorFormat = 'problem' | 'oauth' | 'page'

/** Renders an error as RFC 9457 problem+json, as RFC 6749 for OAuth routes, or as a page for people. */
export function renderProblem(
  error: AppError,
  request: { id: string; path: string },
  format: ErrorFormat = 'problem',
  appName = '',
): Answer {
  if (format === 'oauth') return renderOauth(error)
  if (format === 'page') return renderPage(error, request, appName)
  const body = {
    type: error.type,
    title: error.title,
    status: error.status,
    detail: error.message,
    instance: request.path,
    code: error.code,
    next: error.next,
    request_id: request.id,
    ...error.members,
  }
  return {
    status: error.status,
    headers: { 'Content-Type': 'application/problem+json', ...error.headers },
    body: JSON.stringify(body),
  }
}

function renderPage(error: AppError, { id, path }: { id: string; path: string }, appName: string): Answer {
  const words = { detail: error.message, next: error.next, request_id: id }
  const page = answerPage({ page: 'problem', title: error.title, words }, { path, appName })
  return { ...page, status: error.status, headers: { ...page.headers, ...error.headers } }
}

function renderOauth(error: AppError): Answer {
  const name =
    error.status === 401
      ? 'invalid_client'
      : error.status === 403
        ? 'access_denied'
        : error.status >= 500
          ? 'server_error'
          : 'invalid_request'
  return {
    status: error.status === 422 ? 400 : error.status,
    headers: { 'Content-Type': 'application/json', ...error.headers },
    body: JSON.stringify({
      error: (error.members.oauth_error as string | undefined) ?? name,
      error_description: error.message,
    }),
  }
}
