import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { isTimeZone } from '../../../messages/format-values.js'
import { PLAIN_THEME } from '../../../messages/theme.js'
import { findTheme, type NotificationTheme, storeTheme } from '../models/notification-theme.js'
import type { PutThemeInput } from '../schemas/templates.js'
import { forgetTheme } from '../template-state.js'

/** The theme of the caller's tenant; all null where it set none. */
export async function readOwnTheme(ctx: Ctx): Promise<NotificationTheme> {
  return (await findTheme(ctx)) ?? { ...PLAIN_THEME, defaultLocale: null, timeZone: null }
}

/** Sets how the tenant's messages look, in every process within a second. */
export async function setTheme(ctx: Ctx, input: PutThemeInput): Promise<NotificationTheme> {
  if (input.time_zone !== null && !isTimeZone(input.time_zone)) {
    const problem = { pointer: '/time_zone', code: 'unknown_zone', message: 'is no IANA time zone' }
    throw new kernelErrors.Invalid({ problems: [problem] })
  }
  await storeTheme(ctx, {
    productName: input.product_name,
    logoUrl: input.logo_url,
    brandColour: input.brand_color,
    pageColour: input.page_color,
    footerAddress: input.footer_address,
    defaultLocale: input.default_locale,
    timeZone: input.time_zone,
  })
  forgetTheme(ctx)
  return readOwnTheme(ctx)
}
