import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { z } from 'zod'

/** The public half as served in the key set: RFC 7517 members of a P-256 signature key. */
export const publicJwkSchema = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string().min(1).max(64),
  y: z.string().min(1).max(64),
})
export type PublicJwk = z.infer<typeof publicJwkSchema>

export interface SigningKey {
  kid: string
  publicJwk: PublicJwk
  publicKey: KeyObject
  privateKey: KeyObject
  /** The key signs from this moment on; it is published before, so that caches know it in time. */
  activeFrom: Date
}

/** A new P-256 key for ES256 (RFC 7518 section 3.4) with its PKCS #8 DER form, the only thing to be sealed. */
export function newSigningKey(activeFrom: Date): { key: SigningKey; privateDer: Buffer } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const privateDer = privateKey.export({ format: 'der', type: 'pkcs8' })
  return { key: signingKeyFromDer(privateDer, activeFrom), privateDer }
}

/** The key that `privateDer` (PKCS #8) holds; throws when it is no P-256 key. */
export function signingKeyFromDer(privateDer: Buffer, activeFrom: Date): SigningKey {
  const privateKey = createPrivateKey({ key: privateDer, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const publicJwk = publicJwkSchema.parse(publicKey.export({ format: 'jwk' }))
  return { kid: thumbprint(publicJwk), publicJwk, publicKey, privateKey, activeFrom }
}

/** The JWK thumbprint of a key (RFC 7638): the same key always has the same id. */
export function thumbprint({ crv, kty, x, y }: PublicJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}
