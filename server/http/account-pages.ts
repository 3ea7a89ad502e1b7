import { readFileSync } from 'node:fs'
import { type Express, type Response, Router } from 'express'
import type { Resources } from '../kernel/resources.js'
import { fillWords, parseWords } from '../messages/words.js'
import { VERSION } from '../version.js'
import { etagOf, noneMatchNames } from './conditional.js'

const FILES = new URL('../../../web/account/', import.meta.url)

/** Nothing but what lies beside the pages: no inline script or style, no other host, no frame around them. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

/** Where mails link to, and what the browser's tab says. */
const TITLES = {
  'verify-email': 'Confirm your e-mail address',
  'reset-password': 'Reset your password',
  'accept-invitation': 'Your invitation',
  sessions: 'Your sessions',
} as const

const ASSETS = {
  'account.js': 'text/javascript; charset=utf-8',
  'api.js': 'text/javascript; charset=utf-8',
  'view.js': 'text/javascript; charset=utf-8',
  'account.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const

/**
 * The pages behind the links of mails, and a word at `/` for those who type the address. They are files of
 * web/account and nothing is taken from a request: not in this table is not there. Secrets of links stay in the
 * fragment, which reaches no server; the pages post them to the API.
 */
export function mountAccountPages(app: Express, { config }: Pick<Resources, 'config'>): void {
  const router = Router({ strict: true, caseSensitive: true })
  const words = { app_name: config.VETRAI_NAME }
  const home = renderPage(file('home.html'), {
    ...words,
    title: 'Running',
    assets: 'account/assets',
    foot: `VetrAI ${VERSION}`,
  })
  router.get('/', (_request, response) => sendPage(response, home))
  for (const [name, title] of Object.entries(TITLES)) {
    const html = renderPage(accountPage(name), { ...words, title, assets: 'assets', foot: FOOT })
    router.get(`/account/${name}`, (_request, response) => sendPage(response, html))
  }
  for (const [name, type] of Object.entries(ASSETS)) mountAsset(router, name, type)
  app.use(router)
}

const FOOT = 'Nothing you enter is kept in this browser.'

/** A page of the account: its steps, with what all of them share. */
function accountPage(name: string): string {
  const steps = put(file(`${name}.html`), 'sign-in', file('sign-in.html'))
  return put(file('account.html'), 'steps', steps)
}

function renderPage(content: string, words: Record<string, string>): string {
  const scope = Object.fromEntries(Object.keys(words).map((name) => [name, WORD]))
  return fillWords(parseWords(put(file('layout.html'), 'content', content), scope), words, 'html')
}

const WORD = { kind: 'plain', about: 'words of the frame', example: '' } as const

function put(frame: string, place: string, content: string): string {
  return frame.replace(`<!-- ${place} -->\n`, () => content)
}

function sendPage(response: Response, html: string): void {
  // `no-store` and `Referrer-Policy: no-referrer` are on every answer already.
  response.set({ 'Content-Security-Policy': CSP, 'Cross-Origin-Opener-Policy': 'same-origin' })
  response.type('text/html').end(html)
}

/** Kept by browsers but asked about each time, so that a page never meets the script of another version. */
function mountAsset(router: Router, name: string, type: string): void {
  const body = file(name)
  const etag = etagOf(body)
  router.get(`/account/assets/${name}`, (request, response) => {
    response.set({ 'Cache-Control': 'public, no-cache', ETag: etag })
    const known = request.headers['if-none-match']
    if (known !== undefined && noneMatchNames(known, etag)) response.status(304).end()
    else response.set('Content-Type', type).end(body)
  })
}

function file(name: string): string {
  return readFileSync(new URL(name, FILES), 'utf8')
}
