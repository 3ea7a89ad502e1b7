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

/** Text as it is sent: plain punctuation, and cut where it would take more segments than allowed. */
export function smsText(text: string): string {
  const plain = [...text.trim()].map((letter) => PLAIN[letter] ?? letter)
  if (smsSize(plain.join('')).segments <= SMS_SEGMENTS_MAX) return plain.join('')
  let [fits, length] = [0, plain.length]
  while (length - fits > 1) {
    const middle = (fits + length) >> 1
    if (smsSize(`${plain.slice(0, middle).join('')}...`).segments <= SMS_SEGMENTS_MAX) fits = middle
    else length = middle
  }
  return `${plain.slice(0, fits).join('')}...`
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
