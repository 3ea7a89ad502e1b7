import { oneLine, webAddress } from './clean-words.js'
import { type Colour, readableOn, textOn } from './contrast.js'
import type { View } from './fit-data.js'

/** How a tenant's messages look and whom they are from. What is null is as the installation has it. */
export interface MessageTheme {
  /** Name of the product; `{{app_name}}` in every template. */
  productName: string | null
  /** https address of a picture about 32 pixels high. */
  logoUrl: string | null
  brandColour: Colour | null
  /** Behind the card. */
  pageColour: Colour | null
  /** Whose message it is, as the law of many countries wants it in the footer. */
  footerAddress: string | null
}

/** The look of messages of the installation itself. */
export const PLAIN_THEME: MessageTheme = {
  productName: null,
  logoUrl: null,
  brandColour: null,
  pageColour: null,
  footerAddress: null,
}

const BRAND = '#18181b'
const PAGE = '#f4f4f5'
const CARD = '#ffffff'
const DARK_CARD = '#1c1c1f'
const LIGHT = '#ececef'

/**
 * The theme as values of the layout. Every text can be read on its ground, whatever colours were chosen: that of a
 * button is chosen for it, and a colour that would be too faint for links gets the nearest shade that is not.
 */
export function themeView(theme: MessageTheme, appName: string): View {
  const known = views.get(theme)
  if (known?.appName === appName) return known.view
  const view = makeView(theme, appName)
  views.set(theme, { appName, view })
  return view
}

/** Finding readable shades is most of what rendering would cost. */
const views = new WeakMap<MessageTheme, { appName: string; view: View }>()

function makeView(theme: MessageTheme, appName: string): View {
  const button = theme.brandColour ?? BRAND
  const page = theme.pageColour ?? PAGE
  // A dark button vanishes on a dark card: there it is as light as a link has to be.
  const darkButton = theme.brandColour ? readableOn(DARK_CARD, theme.brandColour) : LIGHT
  const logo = theme.logoUrl === null ? null : webAddress(theme.logoUrl)
  return {
    app_name: oneLine(theme.productName ?? appName),
    logo_url: logo?.startsWith('https:') ? logo : null,
    footer_address: theme.footerAddress === null ? null : oneLine(theme.footerAddress, 300),
    theme_page: page,
    theme_page_text: readableOn(page, '#63636b'),
    theme_button: button,
    theme_button_text: textOn(button),
    theme_button_dark: darkButton,
    theme_button_dark_text: textOn(darkButton),
    theme_link: readableOn(CARD, theme.brandColour ?? '#3f3f46'),
    theme_link_dark: readableOn(DARK_CARD, theme.brandColour ?? '#d4d4d8'),
  }
}
