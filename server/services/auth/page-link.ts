import type { Ctx } from '../../kernel/context.js'
import { publicUrl } from './state.js'

/** Pages of the web app that take a token; it stands behind `#`, which browsers send to no server and no log. */
const PAGES = {
  verify: 'account/verify-email',
  reset: 'account/reset-password',
  sessions: 'account/sessions',
} as const
type Page = keyof typeof PAGES

/**
 * Address of a page of the web app, with a token in its fragment where one is given. Never from request headers: a
 * forged Host must not get into anybody's mail.
 */
export function pageLink(ctx: Ctx, page: Page, token?: string): string {
  return `${publicUrl(ctx.resources)}/${PAGES[page]}${token ? `#token=${token}` : ''}`
}
