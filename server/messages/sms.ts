/** How a text message travels: as GSM-7 where every letter allows it, else as UCS-2, in one or several segments. */
export interface SmsSize {
  encoding: 'gsm7' | 'ucs2'
  segments: number
}

/** Most segments of one message; each is paid for. */
export const SMS_SEGMENTS_MAX = 4

const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
/** Letters that take two septets: an escape and the letter. */
const EXTENDED = new Set('\f^{}\\[~]|€')

/** Typography that would make the whole message UCS-2, and what says the same in GSM-7. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{ '‘': "'", '’': "'", '‚': "'", '“': '"', '”': '"', '„': '"', '«': '"', '»': '"' },
  ...{ '–': '-', '—': '-', '…': '...', '\u00a0': ' ', '\u202f': ' ', '\u2060': ' ', '\u00ad': '' },
}

/** Text with plain punctuation, which networks carry at half the price. */
export function plainSms(text: string): string {
  return [...text.trim()].map((letter) => PLAIN[letter] ?? letter).join('')
}

/** Plain text, cut where it would take more segments than allowed. */
export function cutSms(text: string): string {
  if (smsSize(text).segments <= SMS_SEGMENTS_MAX) return text
  const letters = [...text]
  let [fits, tooMany] = [0, letters.length]
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1
    if (smsSize(`${letters.slice(0, middle).join('')}...`).segments <= SMS_SEGMENTS_MAX) fits = middle
    else tooMany = middle
  }
  return `${letters.slice(0, fits).join('')}...`
}

/** Counts segments as networks do: a letter of two units never lies in two of them. */
export function smsSize(text: string): SmsSize {
  const letters = [...text]
  const isGsm7 = letters.every((letter) => BASIC.has(letter) || EXTENDED.has(letter))
  const units = letters.map((letter) => (isGsm7 ? (EXTENDED.has(letter) ? 2 : 1) : letter.length))
  const [single, part] = isGsm7 ? [160, 153] : [70, 67]
  const total = units.reduce((sum, count) => sum + count, 0)
  return { encoding: isGsm7 ? 'gsm7' : 'ucs2', segments: total <= single ? 1 : pack(units, part) }
}

function pack(units: readonly number[], size: number): number {
  let [segments, used] = [1, 0]
  for (const count of units) {
    if (used + count > size) [segments, used] = [segments + 1, 0]
    used += count
  }
  return segments
}
