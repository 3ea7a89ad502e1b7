import type { Ctx } from '../../kernel/context.js'
import { defineState } from '../../kernel/resources.js'
import { Lru } from '../../messages/lru.js'
import { MailCompiler } from '../../messages/mail/mail-compiler.js'
import { MessageText } from '../../messages/render-content.js'
import { FreshCache } from '../../storage/fresh-cache.js'
import { type NotificationTheme, readTheme } from './models/notification-theme.js'
import { type PublishedVersion, readCompiled, readPublished } from './models/template-version.js'

/** Published versions, by `tenant/key`, at most 800 ms old. */
const publishedCache = defineState(
  'notifications.published-templates',
  ({ bus, metrics }) => new FreshCache<PublishedVersion>({ name: 'notification-template', bus, metrics }),
  (cache) => cache.close(),
)

/** Themes by tenant, at most 800 ms old. */
const themeCache = defineState(
  'notifications.themes',
  ({ bus, metrics }) => new FreshCache<NotificationTheme>({ name: 'notification-theme', bus, metrics }),
  (cache) => cache.close(),
)

/** Words of versions, parsed; they never change, so that only room is a reason to forget them. */
const textCache = defineState('notifications.template-texts', () => new Lru<MessageText>(200))

/** The thread that compiles what tenants wrote. */
export const mailCompiler = defineState(
  'notifications.mail-compiler',
  () => new MailCompiler(),
  (compiler) => compiler.close(),
)

/** The version of a template that a tenant published; null where it is sent as shipped, or not at all. */
export function publishedOf(ctx: Ctx, tenantId: string, key: string): Promise<PublishedVersion | null> {
  return ctx.state(publishedCache).get(`${tenantId}/${key}`, () => readPublished(ctx.db, tenantId, key))
}

/** The theme of a tenant; null where it set none. */
export function themeOf(ctx: Ctx, tenantId: string): Promise<NotificationTheme | null> {
  return ctx.state(themeCache).get(tenantId, () => readTheme(ctx.db, tenantId))
}

/** The words of a version in a locale; null where they were removed meanwhile. */
export async function versionText(
  ctx: Ctx,
  tenantId: string,
  versionId: string,
  locale: string,
): Promise<MessageText | null> {
  const cache = ctx.state(textCache)
  const name = `${versionId}/${locale}`
  const known = cache.get(name)
  if (known) return known
  const compiled = await readCompiled(ctx.db, tenantId, versionId, locale)
  if (!compiled) return null
  const text = new MessageText(compiled)
  cache.set(name, text)
  return text
}

/** Has every process read anew what is published, from the moment the open transaction commits. */
export function forgetPublished(ctx: Ctx, key: string): void {
  const { id } = ctx.tenant
  ctx.afterCommit(() => ctx.state(publishedCache).drop(`${id}/${key}`))
}

/** Has every process read the tenant's theme anew from the moment the open transaction commits. */
export function forgetTheme(ctx: Ctx): void {
  const { id } = ctx.tenant
  ctx.afterCommit(() => ctx.state(themeCache).drop(id))
}
