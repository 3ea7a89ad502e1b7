import { createHash } from 'node:crypto'

/** For whom what is written is sealed: any of the recipients (`age1…`), who knows a passphrase, or everybody. */
export type Sealing = { readonly recipients: readonly string[] } | { readonly passphrase: string } | 'none'

/** What opens what was sealed: identities (`AGE-SECRET-KEY-1…`), a passphrase, or nothing, for what is not sealed. */
export type Opening = { readonly identities: readonly string[] } | { readonly passphrase: string } | 'none'

/** How names end that are compressed, then sealed in this way. */
export function suffixOf(sealing: Sealing | 'age'): '.zst' | '.zst.age' {
  return sealing === 'none' ? '.zst' : '.zst.age'
}

/** What was done to a file, by its name. */
export function codecOf(name: string): { isSealed: boolean; isCompressed: boolean } {
  return { isSealed: name.endsWith('.age'), isCompressed: /\.zst(\.age)?$/.test(name) }
}

/** Tells those whom something is sealed for from others; null for a passphrase or nobody in particular. */
export function fingerprintOf(sealing: Sealing): string | null {
  if (sealing === 'none' || 'passphrase' in sealing) return null
  return createHash('sha256')
    .update([...sealing.recipients].sort().join('\n'))
    .digest('hex')
}
