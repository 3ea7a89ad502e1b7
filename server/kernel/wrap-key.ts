import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const FORMAT = 1
/** What stands before the encrypted key: format, nonce, tag. */
const HEAD = 1 + 12 + 16

/** The key that a master secret (64 hexadecimal characters) wraps the root key with. */
export function masterKeyOf(master: string): { id: string; key: Buffer } {
  const bytes = Buffer.from(master, 'hex')
  return {
    id: derive(bytes, 'vetrai/v1/master-id', 8).toString('hex'),
    key: derive(bytes, 'vetrai/v1/wrap-root', 32),
  }
}

/** The key that a root key wraps data keys with. */
export function dataWrappingKeyOf(root: Buffer): Buffer {
  return derive(root, 'vetrai/v1/wrap-data', 32)
}

/** Encrypts a key with another by AES-256-GCM. `name` is authenticated: one wrapped key cannot pass for another. */
export function wrapKey(by: Buffer, key: Buffer, name: string): Buffer {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', by, iv)
  cipher.setAAD(Buffer.from(name))
  const body = Buffer.concat([cipher.update(key), cipher.final()])
  return Buffer.concat([Buffer.from([FORMAT]), iv, cipher.getAuthTag(), body])
}

/** Opens what `wrapKey` made; null where the key, the name or a bit is another. */
export function unwrapKey(by: Buffer, wrapped: Buffer, name: string): Buffer | null {
  if (wrapped.length !== HEAD + 32 || wrapped[0] !== FORMAT) return null
  const decipher = createDecipheriv('aes-256-gcm', by, wrapped.subarray(1, 13))
  decipher.setAAD(Buffer.from(name))
  decipher.setAuthTag(wrapped.subarray(13, HEAD))
  try {
    return Buffer.concat([decipher.update(wrapped.subarray(HEAD)), decipher.final()])
  } catch {
    return null
  }
}

function derive(from: Buffer, info: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', from, 'vetrai', info, length))
}
