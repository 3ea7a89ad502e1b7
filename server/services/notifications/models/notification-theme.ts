import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import type { MessageTheme } from '../../../messages/theme.js'
import type { Database } from '../../../storage/database.js'

/** How a tenant's messages look, and in which language and zone they are where the recipient said nothing. */
export interface NotificationTheme extends MessageTheme {
  defaultLocale: string | null
  timeZone: string | null
}

const COLUMNS = `product_name as "productName", logo_url as "logoUrl", brand_color as "brandColour",
  page_color as "pageColour", footer_address as "footerAddress", default_locale as "defaultLocale",
  time_zone as "timeZone"`

type Row = NotificationTheme & Record<string, unknown>

/** The theme of a tenant, outside of any transaction; null where it set none. */
export async function readTheme(db: Database, tenantId: string): Promise<NotificationTheme | null> {
  const [row] = await db.readTenant<Row>(tenantId, {
    name: 'notification-theme',
    text: `select ${COLUMNS} from notification_themes where tenant_id = ctx.t::uuid`,
  })
  return row ?? null
}

/** The theme of the caller's tenant, in the open transaction; null where it set none. */
export async function findTheme(ctx: Ctx): Promise<NotificationTheme | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'notification-theme-find',
    text: `select ${COLUMNS} from notification_themes where tenant_id = $1`,
    values: [ctx.tenant.id],
  })
  return row ?? null
}

/** Sets the theme of the caller's tenant. */
export async function storeTheme(ctx: Ctx, theme: NotificationTheme): Promise<void> {
  const { productName, logoUrl, brandColour, pageColour, footerAddress, defaultLocale, timeZone } = theme
  await ctx.db.execute({
    name: 'notification-theme-store',
    text: `insert into notification_themes (tenant_id, id, product_name, logo_url, brand_color, page_color,
             footer_address, default_locale, time_zone)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           on conflict (tenant_id) do update set product_name = excluded.product_name, logo_url = excluded.logo_url,
             brand_color = excluded.brand_color, page_color = excluded.page_color,
             footer_address = excluded.footer_address, default_locale = excluded.default_locale,
             time_zone = excluded.time_zone`,
    values: [
      ...[ctx.tenant.id, newId(), productName, logoUrl, brandColour, pageColour],
      ...[footerAddress, defaultLocale, timeZone],
    ],
  })
}
