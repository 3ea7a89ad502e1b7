const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** `bytes` in base32 without padding (RFC 4648 section 6), as authenticator apps read secrets. */
export function base32Encode(bytes: Uint8Array): string {
  let [text, bits, value] = ['', 0, 0]
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET.charAt((value >>> bits) & 31)
    }
    value &= (1 << bits) - 1
  }
  return bits > 0 ? text + ALPHABET.charAt((value << (5 - bits)) & 31) : text
}
