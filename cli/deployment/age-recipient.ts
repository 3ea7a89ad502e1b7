const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const PREFIX = 'age'

/**
 * Tells whether a text is the recipient of an age key (X25519, `age1…`), its checksum included: with one that is mistyped
 * backups would be sealed for nobody. By hand, because the library of age takes as long to load as a whole command.
 */
export function isAgeRecipient(text: string): boolean {
  if (!/^age1[02-9ac-hj-np-z]{58}$/.test(text)) return false
  const digits = [...text.slice(PREFIX.length + 1)].map((letter) => ALPHABET.indexOf(letter))
  return checksum([...expanded(PREFIX), ...digits]) === 1
}

function expanded(prefix: string): number[] {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0))
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)]
}

/** The checksum of Bech32 (BIP 173). */
function checksum(values: number[]): number {
  return values.reduce((sum, value) => {
    const mixed = ((sum & 0x1ffffff) << 5) ^ value
    return GENERATOR.reduce((next, one, bit) => ((sum >>> 25) & (1 << bit) ? next ^ one : next), mixed)
  }, 1)
}
