import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { base32Encode } from './base32.js'

/** RFC 6238 with what every authenticator app supports: SHA-1, six digits, 30 seconds. */
export const TOTP_STEP_SECONDS = 30
export const TOTP_DIGITS = 6
/** Steps accepted before and after the present one, for clocks and fingers (RFC 6238 section 5.2). */
const WINDOW = 1
/** RFC 4226 section 4 recommends 160 bits. */
const SECRET_BYTES = 20

/** A new shared secret of 160 random bits. */
export function newTotpSecret(): Buffer {
  return randomBytes(SECRET_BYTES)
}

/** The time step that `now` falls in: whole 30-second intervals since 1970 (RFC 6238 section 4.2). */
export function totpStep(now: Date): number {
  return Math.floor(now.getTime() / 1000 / TOTP_STEP_SECONDS)
}

/** The code of one time step: HOTP (RFC 4226 section 5.3) of the step as a 64-bit counter. */
export function totpCode(secret: Buffer, step: number, digits = TOTP_DIGITS): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 0xf
  const truncated = mac.readUInt32BE(offset) & 0x7fffffff
  return String(truncated % 10 ** digits).padStart(digits, '0')
}

/**
 * The time step whose code was given, or null when none matches. Only steps after `lastUsedStep` count: a code is
 * good once, also within its window (RFC 6238 section 5.2); the caller must store the returned step atomically.
 */
export function matchTotp(
  code: string,
  { secret, now, lastUsedStep }: { secret: Buffer; now: Date; lastUsedStep: number | null },
): number | null {
  if (!/^[0-9]{6}$/.test(code)) return null
  const given = Buffer.from(code)
  const current = totpStep(now)
  let matched: number | null = null
  for (let step = current - WINDOW; step <= current + WINDOW; step++) {
    const same = timingSafeEqual(given, Buffer.from(totpCode(secret, step)))
    if (same && (lastUsedStep === null || step > lastUsedStep)) matched ??= step
  }
  return matched
}

/** The `otpauth://` URI that authenticator apps read as a QR code (the Key URI Format). */
export function totpUri({
  secret,
  issuer,
  account,
}: {
  secret: Buffer
  issuer: string
  account: string
}): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`
  // Encoded by hand: some apps show the `+` that URLSearchParams writes for a space.
  const parameters = {
    secret: base32Encode(secret),
    issuer,
    algorithm: 'SHA1',
    digits: String(TOTP_DIGITS),
    period: String(TOTP_STEP_SECONDS),
  }
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `otpauth://totp/${label}?${query.join('&')}`
}
