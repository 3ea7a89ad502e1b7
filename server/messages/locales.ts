/** Locales that every shipped message has. */
export const SHIPPED_LOCALES = ['en', 'de', 'fr', 'es'] as const

/**
 * Locales to look for words in, best first: the one asked for, what it is a variety of, the default of the sender and
 * what that is a variety of, English.
 */
export function localeChain(wanted: string | null, fallback: string | null): string[] {
  return [...new Set([...varieties(wanted), ...varieties(fallback), 'en'])]
}

/** `zh-Hant-TW`, `zh-Hant`, `zh`. */
function varieties(locale: string | null): string[] {
  if (locale === null) return []
  const parts = locale.split('-')
  return parts.map((_part, index) => parts.slice(0, parts.length - index).join('-'))
}
