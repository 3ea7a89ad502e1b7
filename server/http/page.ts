import { readFileSync } from 'node:fs'
import type { PageContent } from '../kernel/schema.js'
import { fillWords, parseWords } from '../messages/words.js'
import type { Answer } from './answer.js'

const FILES = new URL('../../../web/account/', import.meta.url)

/** Nothing but what lies beside the pages: no inline script or style, no other host, no frame around them. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

/** What makes an answer a page; `no-store` and `Referrer-Policy: no-referrer` are on every answer already. */
export const PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': CSP,
  'Cross-Origin-Opener-Policy': 'same-origin',
} as const

/** A page in the frame that all share; every word is escaped. */
export function renderPage(content: string, words: Record<string, string>): string {
  const scope = Object.fromEntries(Object.keys(words).map((name) => [name, WORD]))
  return fillWords(parseWords(fillPlace(readPage('layout.html'), 'content', content), scope), words, 'html')
}

const WORD = { kind: 'plain', about: 'words of the page', example: '' } as const

/** Puts a part into the place that a frame keeps for it. */
export function fillPlace(frame: string, place: string, content: string): string {
  return frame.replace(`<!-- ${place} -->\n`, () => content)
}

/** A file of web, by a name this program chose. */
export function readSharedPage(name: string): string {
  return readFileSync(new URL(`../${name}`, FILES), 'utf8')
}

/** A file of web/account, by a name this program chose. */
export function readPage(name: string): string {
  return readFileSync(new URL(name, FILES), 'utf8')
}

/** The page of a route record, at whatever depth its address is. */
export function answerPage(
  { page, title, words }: PageContent,
  { path, appName }: { path: string; appName: string },
): Answer {
  const up = '../'.repeat(Math.max(0, path.split('/').length - 2))
  const frame = { app_name: appName, title, assets: `${up}account/assets`, foot: '' }
  return {
    status: 200,
    headers: { ...PAGE_HEADERS },
    body: renderPage(readPage(`${page}.html`), { ...words, ...frame }),
  }
}
