/** Millionths of a currency's unit. */
export interface Cost {
  micros: number
  currency: string
}

/** A decimal amount in millionths, without its sign: `-0.0075` is 7500. Null for a text that is none. */
export function microsOf(amount: string): number | null {
  const [, whole = '', part = ''] = /^[+-]?(\d{1,9})(?:\.(\d{1,9}))?$/.exec(amount.trim()) ?? []
  if (whole === '') return null
  return Number(whole) * 1_000_000 + Math.round(Number(`0.${part || '0'}`) * 1_000_000)
}

/** A price as settings give it, `0.0079 USD`. */
export function readPrice(text: string | undefined): Cost | null {
  const [amount = '', currency = ''] = (text ?? '').split(' ')
  const micros = microsOf(amount)
  return micros === null || currency === '' ? null : { micros, currency }
}
