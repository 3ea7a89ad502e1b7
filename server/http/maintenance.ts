import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { AppError } from '../kernel/define-errors.js'
import { kernelErrors } from '../kernel/errors.js'
import type { Principal } from '../kernel/principal.js'
import { fillWords, parseWords } from '../messages/words.js'
import type { Answer } from './answer.js'
import { readSharedPage } from './page.js'
import { type ErrorFormat, renderProblem } from './problem.js'

/** Bounds of how often the page looks again, in seconds. */
const REFRESH_S = { least: 5, most: 60 }

/** Whether this is an operator by a token like the command line's, which a maintenance lets through. */
export function isOperatorToken(principal: Principal | null): boolean {
  return (
    principal?.kind === 'user' &&
    principal.via === 'opaque' &&
    principal.scopes === null &&
    principal.roles.includes('super_admin')
  )
}

/** Renders an error as its route wants it; that of a maintenance as a page where a browser asks. */
export function renderFailure(
  error: AppError,
  about: { id: string; path: string; request: IncomingMessage },
  format: ErrorFormat,
  appName: string,
): Answer {
  const isMaintenance = error.code === kernelErrors.Maintenance.code
  if (isMaintenance && format !== 'oauth' && (format === 'page' || wantsPage(about.request))) {
    return maintenancePage(error, appName)
  }
  return renderProblem(error, about, format, appName)
}

function wantsPage({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/html') === true
}

function maintenancePage(error: AppError, appName: string): Answer {
  const { words, csp } = readTemplate()
  const retryAfterS = Number(error.headers['Retry-After'])
  const view = {
    title: 'Back soon',
    app_name: appName,
    message: error.message,
    refresh_s: String(Math.min(REFRESH_S.most, Math.max(REFRESH_S.least, retryAfterS))),
  }
  return {
    status: error.status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': csp,
      ...error.headers,
    },
    body: fillWords(words, view, 'html'),
  }
}

const WORD = { kind: 'plain', about: 'words of the page', example: '' } as const
const SCOPE = { title: WORD, app_name: WORD, message: WORD, refresh_s: WORD }

let template: { words: ReturnType<typeof parseWords>; csp: string } | undefined

/** The page needs no other file, so nothing but its own style is allowed to it. */
function readTemplate(): { words: ReturnType<typeof parseWords>; csp: string } {
  if (template) return template
  const html = readSharedPage('maintenance.html')
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  const csp = `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`
  template = { words: parseWords(html, SCOPE), csp }
  return template
}
