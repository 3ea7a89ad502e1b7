import type { KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { z } from 'zod'

export const ACCESS_TOKEN_SECONDS = 900
export const AUDIENCE = 'vetrai'
const ALGORITHM = 'ES256'
/** RFC 9068 section 2.1: no other kind of JWT can be passed off as an access token. */
const TYPE = 'at+jwt'
/** Longer text can be no token of ours; nothing is decoded from it. */
const MAX_LENGTH = 2048

const claimsSchema = z.object({
  iss: z.string(),
  aud: z.literal(AUDIENCE),
  sub: z.uuid(),
  sid: z.uuid(),
  tid: z.uuid().optional(),
  role: z.string().max(40).optional(),
  amr: z.array(z.string().max(20)).max(5),
  auth_time: z.int(),
  /** RFC 8693 section 4.1: who acts in the name of `sub`. */
  act: z.object({ sub: z.uuid() }).optional(),
  iat: z.int(),
  exp: z.int(),
})

/** What an access token says (RFC 9068): user, session, tenant acted in, how and when signed in, who impersonates. */
export type AccessClaims = z.infer<typeof claimsSchema>
export type AccessClaimsInput = Omit<AccessClaims, 'iss' | 'aud' | 'iat' | 'exp'>

/** A signed ES256 access token, good for `lifetimeSeconds` from `now`. */
export function signAccessToken(
  claims: AccessClaimsInput,
  {
    key,
    issuer,
    now,
    lifetimeSeconds = ACCESS_TOKEN_SECONDS,
  }: {
    key: { kid: string; privateKey: KeyObject }
    issuer: string
    now: Date
    lifetimeSeconds?: number
  },
): string {
  const iat = Math.floor(now.getTime() / 1000)
  const payload: AccessClaims = { ...claims, iss: issuer, aud: AUDIENCE, iat, exp: iat + lifetimeSeconds }
  return jwt.sign(payload, key.privateKey, {
    algorithm: ALGORITHM,
    keyid: key.kid,
    header: { alg: ALGORITHM, typ: TYPE },
  })
}

/** Whether `text` looks like a JWT (three dotted parts beginning as a JSON object): tells it from opaque tokens. */
export function looksLikeJwt(text: string): boolean {
  return text.startsWith('eyJ')
}

/**
 * The claims of a token that is signed by a known key with ES256, of our type, issuer and audience, and unexpired
 * at `now`; null for everything else. The algorithm is ours to choose, never the token's. Never throws.
 */
export function verifyAccessToken(
  token: string,
  { keyById, issuer, now }: { keyById: (kid: string) => KeyObject | undefined; issuer: string; now: Date },
): AccessClaims | null {
  if (token.length > MAX_LENGTH) return null
  const kid = headerKid(token)
  const key = kid === null ? undefined : keyById(kid)
  if (key === undefined) return null
  try {
    const payload = jwt.verify(token, key, {
      algorithms: [ALGORITHM],
      issuer,
      audience: AUDIENCE,
      clockTimestamp: Math.floor(now.getTime() / 1000),
    })
    return claimsSchema.safeParse(payload).data ?? null
  } catch {
    return null
  }
}

const headerSchema = z.object({ alg: z.literal(ALGORITHM), typ: z.literal(TYPE), kid: z.string().max(100) })

function headerKid(token: string): string | null {
  try {
    const [header = ''] = token.split('.', 1)
    return headerSchema.parse(JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))).kid
  } catch {
    return null
  }
}
