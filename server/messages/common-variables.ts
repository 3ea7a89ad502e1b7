import type { Variables } from './variables.js'

/** What every template may show besides its own variables. */
export const COMMON_VARIABLES = {
  app_name: { kind: 'plain', about: 'name of the product', example: 'Example' },
} as const satisfies Variables

/** Names the layout uses; a template cannot declare them. */
const LAYOUT_NAMES = ['subject', 'preheader', 'logo_url', 'footer_address', 'unsubscribe_url']

/** Whether a template may have a variable of this name. */
export function isFreeName(name: string): boolean {
  return !Object.hasOwn(COMMON_VARIABLES, name) && !LAYOUT_NAMES.includes(name) && !name.startsWith('theme_')
}
