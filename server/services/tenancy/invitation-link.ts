import type { Ctx } from '../../kernel/context.js'

/** Link to the page that takes an invitation; the token stands behind `#`, which browsers send to no server and no log. */
export function invitationLink({ config }: Ctx, token: string): string {
  // Never from request headers: a forged Host must not get into anybody's mail.
  const url = config.VETRAI_PUBLIC_URL ?? `http://${config.VETRAI_HOST}:${config.VETRAI_PORT}`
  return `${url.replace(/\/+$/, '')}/account/accept-invitation#token=${token}`
}
