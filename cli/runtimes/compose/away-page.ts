import { createHash } from 'node:crypto'
import { fillText } from './template.js'

const REFRESH_S = 10

/** What a program is told while the server is away: it cannot say which of its requests were done. */
const PROBLEM = {
  type: 'about:blank',
  title: 'Server away',
  status: 503,
  detail: 'The server is away for a moment: it restarts, or is upgraded or restored.',
  code: 'proxy.server_away',
  next: 'Send the request again after the seconds in Retry-After, one that writes with the same Idempotency-Key.',
}

/** What the proxy answers by itself while the server is away: the server's own page of a maintenance, and a problem. */
export function awayPage(
  template: string,
  appName: string,
): { page: string; page_csp: string; problem: string } {
  const page = fillText(template, {
    title: 'Back soon',
    app_name: escapeHtml(appName),
    message: 'This service is away for a moment. Nothing is lost.',
    refresh_s: REFRESH_S,
  }).trimEnd()
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  return {
    page,
    page_csp: `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
    problem: JSON.stringify(PROBLEM),
  }
}

/** Braces too, which mean something to the proxy. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`{}]/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
