/** Characters of GSM 03.38 that take one septet, and those that take two. */
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
const EXTENDED = new Set('^{}\\[~]|€\f')

/** How a text travels: a part alone holds more than each of several, which carry a header. */
const SIZES = { gsm: { alone: 160, each: 153 }, ucs2: { alone: 70, each: 67 } } as const

/** How many parts a text message is sent, and paid for, as. */
export function countSegments(text: string): number {
  const letters = [...text]
  const isGsm = letters.every((letter) => BASIC.has(letter) || EXTENDED.has(letter))
  const { alone, each } = SIZES[isGsm ? 'gsm' : 'ucs2']
  const sizes = letters.map((letter) => (isGsm ? (EXTENDED.has(letter) ? 2 : 1) : letter.length))
  if (sizes.reduce((sum, size) => sum + size, 0) <= alone) return 1
  let [segments, used] = [1, 0]
  for (const size of sizes) {
    // A character of two units is never torn apart.
    if (used + size > each) {
      segments += 1
      used = 0
    }
    used += size
  }
  return segments
}
