import { createHmac, randomInt } from 'node:crypto'

export const RECOVERY_CODE_COUNT = 10
/** Letters and digits without those that look alike (0 O 1 I L U). */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = 10

/** Ten new codes such as `7KQ2M-XH4WD`, about 49 random bits each, all different. */
export function newRecoveryCodes(): string[] {
  const codes = new Set<string>()
  while (codes.size < RECOVERY_CODE_COUNT) codes.add(newCode())
  return [...codes]
}

/** A code as the person meant it: capitals, without the dash and spaces; null when it can be no code at all. */
export function readRecoveryCode(text: string): string | null {
  const bare = text.toUpperCase().replace(/[\s-]/g, '')
  const wellFormed = bare.length === LENGTH && [...bare].every((char) => ALPHABET.includes(char))
  return wellFormed ? bare : null
}

/**
 * What is stored of a code: a keyed hash bound to its user. Guessing needs the key, which is not in the database,
 * or the login route, where the lockout bounds it.
 */
export function hashRecoveryCode(code: string, userId: string, key: Buffer): string {
  return createHmac('sha256', key)
    .update(`recovery:${userId}:${readRecoveryCode(code) ?? ''}`)
    .digest('hex')
}

function newCode(): string {
  const chars = Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
  return `${chars.slice(0, LENGTH / 2)}-${chars.slice(LENGTH / 2)}`
}
