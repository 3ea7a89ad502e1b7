import { SHIPPED_LOCALES } from '../../../messages/locales.js'
import { WORDED_CHANNELS, type WordedChannel } from '../../../messages/message-words.js'
import { shippedWords } from '../../../messages/shipped/shipped.js'
import { smsSize } from '../../../messages/sms.js'
import type { VariableSpec } from '../../../messages/variables.js'
import type { NotificationTheme } from '../models/notification-theme.js'
import type { Coverage, TemplateWithDraft } from '../models/template.js'
import type { TemplateVersion } from '../models/template-version.js'
import { type SeenTemplate, variablesOf } from '../operations/find-template.js'
import type { Preview } from '../operations/preview-template.js'

/** A template as lists show it. */
export function presentTemplate(seen: SeenTemplate) {
  const { key, shipped, row } = seen
  const { name, description, category, critical } = shipped
    ? {
        name: nameOf(key),
        description: shipped.summary,
        category: shipped.category,
        critical: shipped.isCritical,
      }
    : { name: key, description: null, category: 'product', critical: false, ...row?.own }
  const own = [row?.drafted ?? {}, row?.published ?? {}]
  return {
    key,
    origin: shipped ? ('shipped' as const) : ('own' as const),
    name,
    description,
    category,
    critical,
    customizable: shipped?.isCustomizable ?? true,
    channels: channelsOf(shipped?.channels ?? [], own),
    locales: [...new Set([...(shipped ? SHIPPED_LOCALES : []), ...own.flatMap(Object.keys)])].sort(),
    published_version: row?.publishedVersion ?? null,
    has_draft: row !== null && row.draftAt !== null,
    draft_at: row?.draftAt?.toISOString() ?? null,
    draft_by: row?.draftBy ?? null,
    updated_at: row?.updatedAt.toISOString() ?? null,
  }
}

/** A template with its variables and words. */
export function presentTemplateDetail(seen: SeenTemplate<TemplateWithDraft>) {
  const { key, shipped, row } = seen
  return {
    ...presentTemplate(seen),
    variables: Object.fromEntries(
      Object.entries(variablesOf(seen)).map(([name, spec]) => [name, presentVariable(spec)]),
    ),
    draft: row?.draft ?? null,
    shipped: shipped
      ? Object.fromEntries(SHIPPED_LOCALES.map((locale) => [locale, shippedWords(key, locale) ?? {}]))
      : null,
  }
}

/** A version without its words. */
export function presentVersion(version: TemplateVersion, publishedVersion: number | null) {
  return {
    id: version.id,
    version: version.version,
    is_published: version.version === publishedVersion,
    locales: version.locales,
    note: version.note,
    published_by: version.publishedBy,
    created_at: version.createdAt.toISOString(),
  }
}

/** What a template makes of data, by channel; null where a channel has no words. */
export function presentPreview({ source, contents }: Preview) {
  const { email, in_app: inApp, sms, push } = contents
  return {
    source,
    email:
      email?.content.channel === 'email'
        ? {
            subject: email.content.subject,
            html: email.content.html,
            text: email.content.text,
            locale: email.locale,
          }
        : null,
    in_app:
      inApp?.content.channel === 'in_app'
        ? {
            title: inApp.content.title,
            body: inApp.content.body,
            action_url: inApp.content.actionUrl,
            locale: inApp.locale,
          }
        : null,
    sms:
      sms?.content.channel === 'sms'
        ? { text: sms.content.text, ...smsSize(sms.content.text), locale: sms.locale }
        : null,
    push:
      push?.content.channel === 'push'
        ? {
            title: push.content.title,
            body: push.content.body,
            url: push.content.url,
            locale: push.locale,
          }
        : null,
  }
}

/** A theme as it leaves. */
export function presentTheme(theme: NotificationTheme) {
  return {
    product_name: theme.productName,
    logo_url: theme.logoUrl,
    brand_color: theme.brandColour,
    page_color: theme.pageColour,
    footer_address: theme.footerAddress,
    default_locale: theme.defaultLocale,
    time_zone: theme.timeZone,
  }
}

interface VariableView {
  kind: string
  about: string
  optional: boolean
  example: unknown
  options?: string[]
  fields?: Record<string, VariableView>
}

function presentVariable(spec: VariableSpec): VariableView {
  return {
    kind: spec.kind,
    about: spec.about,
    optional: spec.optional ?? false,
    example: spec.example,
    ...(spec.kind === 'choice' ? { options: [...spec.options] } : {}),
    ...(spec.kind === 'list'
      ? {
          fields: Object.fromEntries(
            Object.entries(spec.fields).map(([name, field]) => [name, presentVariable(field)]),
          ),
        }
      : {}),
  }
}

function channelsOf(shipped: readonly WordedChannel[], own: readonly Coverage[]): WordedChannel[] {
  const all = new Set([...shipped, ...own.flatMap((coverage) => Object.values(coverage).flat())])
  return WORDED_CHANNELS.filter((channel) => all.has(channel))
}

/** `ticket-reply` → `Ticket reply`. */
function nameOf(key: string): string {
  const words = key.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
