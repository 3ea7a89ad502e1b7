import type { CommonPasswords } from './common-list.js'

/** Shortest accepted password in code points (ASVS 5.0 V6.2.1). */
export const PASSWORD_MIN = 8
/** Longest accepted password in code points; ASVS 5.0 V6.2.9 asks for 64 at least. */
export const PASSWORD_MAX = 256
/** Context words below this length are too likely to be part of an innocent passphrase. */
const CONTEXT_WORD_MIN = 4
const DISTINCT_MIN = 3

export type PasswordProblem = 'malformed' | 'too_short' | 'too_long' | 'too_common' | 'too_personal'

/**
 * The form in which a password is counted, judged and hashed: Unicode NFKC, as NIST SP 800-63B section 3.1.1.2
 * advises, so that one password typed on two keyboards is one password. Nothing is trimmed, cut or case-folded.
 */
export function normalisePassword(password: string): string {
  return password.normalize('NFKC')
}

/**
 * Why a new password is refused, or null when it is good. Judges length in code points, the list of common
 * passwords, and words from its context (the address's local part, names); never its composition (ASVS 5.0 V6.2.5).
 */
export function judgePassword(
  password: string,
  { common, context = [] }: { common: CommonPasswords; context?: readonly string[] },
): PasswordProblem | null {
  // A lone surrogate has no UTF-8 form: two different passwords would be hashed as the same U+FFFD.
  if (/\p{Surrogate}/u.test(password)) return 'malformed'
  const normal = normalisePassword(password)
  const length = codePoints(normal)
  if (length < PASSWORD_MIN) return 'too_short'
  if (length > PASSWORD_MAX) return 'too_long'

  const folded = fold(normal)
  if (new Set(folded).size < DISTINCT_MIN || common.has(folded)) return 'too_common'
  return isPersonal(folded, context) ? 'too_personal' : null
}

/** The words of an account that its password may not be built on: the local part and its pieces, and the names. */
export function contextWords({ email, names = [] }: { email: string; names?: readonly string[] }): string[] {
  const local = email.slice(0, Math.max(email.lastIndexOf('@'), 0))
  const words = [email, local, ...names].flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)])
  return [...new Set(words.map(fold))].filter((word) => codePoints(word) >= CONTEXT_WORD_MIN)
}

/** What remains without the context's words must itself be long enough: `anna2026` is no password of anna's. */
function isPersonal(folded: string, context: readonly string[]): boolean {
  const words = context.map(fold).filter((word) => codePoints(word) >= CONTEXT_WORD_MIN)
  const longestFirst = words.sort((a, b) => b.length - a.length)
  const rest = longestFirst.reduce((text, word) => text.replaceAll(word, ''), folded)
  return rest !== folded && codePoints(rest) < PASSWORD_MIN
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
