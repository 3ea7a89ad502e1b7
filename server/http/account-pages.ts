import { type Express, type Response, Router } from 'express'
import type { Resources } from '../kernel/resources.js'
import { VERSION } from '../version.js'
import { etagOf, noneMatchNames } from './conditional.js'
import { fillPlace, PAGE_HEADERS, readPage, renderPage } from './page.js'

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
  const home = renderPage(readPage('home.html'), {
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
  const steps = fillPlace(readPage(`${name}.html`), 'sign-in', readPage('sign-in.html'))
  return fillPlace(readPage('account.html'), 'steps', steps)
}

function sendPage(response: Response, html: string): void {
  response.set(PAGE_HEADERS).end(html)
}

/** Kept by browsers but asked about each time, so that a page never meets the script of another version. */
function mountAsset(router: Router, name: string, type: string): void {
  const body = readPage(name)
  const etag = etagOf(body)
  router.get(`/account/assets/${name}`, (request, response) => {
    response.set({ 'Cache-Control': 'public, no-cache', ETag: etag })
    const known = request.headers['if-none-match']
    if (known !== undefined && noneMatchNames(known, etag)) response.status(304).end()
    else response.set('Content-Type', type).end(body)
  })
}
