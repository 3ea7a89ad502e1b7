import type { Money } from './variables.js'

/** How values are spelled: the language of the words, and the zone that times are shown in. */
export interface Spelling {
  locale: string
  timeZone: string
}

/** ISO 4217 currencies whose minor unit is not a hundredth; the tables of ICU differ for some others. */
const MINOR_DIGITS: Readonly<Record<string, number>> = {
  ...digits(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
  ...digits(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...digits(4, 'CLF UYW'),
}

/** `€12.50`, exact at any size; null where the currency is none or the amount no whole number. */
export function formatMoney({ amount, currency }: Money, { locale }: Spelling): string | null {
  if (!Number.isSafeInteger(amount) || !/^[A-Z]{3}$/.test(currency)) return null
  const places = MINOR_DIGITS[currency] ?? 2
  const options = {
    style: 'currency',
    currency,
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  }
  // As text, because a double cannot hold every amount in major units.
  const text = String(Math.abs(amount)).padStart(places + 1, '0')
  const major = places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`
  const format = formatter('money', locale, options, () => new Intl.NumberFormat(locale, options as Options))
  return format.format(`${amount < 0 ? '-' : ''}${major}` as `${number}`)
}

/** `1,234.5`: at most two places. */
export function formatNumber(value: number, { locale }: Spelling): string {
  const options = { maximumFractionDigits: 2 }
  return formatter('number', locale, options, () => new Intl.NumberFormat(locale, options)).format(value)
}

/** `January 31, 2026`, in the zone. */
export function formatDate(at: Date, spelling: Spelling): string {
  return dateFormat(spelling, { year: 'numeric', month: 'long', day: 'numeric' }).format(at)
}

/** `January 31, 2026 at 12:05 UTC`, in the zone. */
export function formatTime(at: Date, spelling: Spelling): string {
  const minute = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' } as const
  return dateFormat(spelling, { year: 'numeric', month: 'long', day: 'numeric', ...minute }).format(at)
}

/** A length of time in words: `15 minutes`, `1 hour`, `7 days`. */
export function formatDuration(seconds: number, { locale }: Spelling): string {
  const [size, unit] =
    seconds >= 172_800 ? [86_400, 'day'] : seconds >= 3600 ? [3600, 'hour'] : [60, 'minute']
  const options = { style: 'unit', unit, unitDisplay: 'long' }
  const format = formatter('span', locale, options, () => new Intl.NumberFormat(locale, options as Options))
  return format.format(Math.max(1, Math.round(seconds / size)))
}

/** Whether times can be shown in it. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

type Options = Intl.NumberFormatOptions

function dateFormat({ locale, timeZone }: Spelling, fields: Intl.DateTimeFormatOptions) {
  const options = { ...fields, timeZone }
  return formatter('date', locale, options, () => new Intl.DateTimeFormat(locale, options))
}

const formatters = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>()

/** Formatters are dear to make; the last hundred are kept. */
function formatter<T extends Intl.NumberFormat | Intl.DateTimeFormat>(
  kind: string,
  locale: string,
  options: object,
  make: () => T,
): T {
  const key = `${kind} ${locale} ${JSON.stringify(options)}`
  const known = formatters.get(key)
  if (known) return known as T
  const made = make()
  if (formatters.size >= 100) formatters.clear()
  formatters.set(key, made)
  return made
}

function digits(places: number, codes: string): Record<string, number> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, places]))
}
