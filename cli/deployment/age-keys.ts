/** A new age identity (X25519): whoever holds it reads what is sealed for its recipient. */
export async function generateIdentity(): Promise<string> {
  const { generateX25519Identity } = await import('age-encryption')
  return generateX25519Identity()
}

/** The recipient of an identity, `age1…`: what is sealed for it, the identity opens. */
export async function recipientOf(identity: string): Promise<string> {
  const { identityToRecipient } = await import('age-encryption')
  return identityToRecipient(identity)
}

/** The identities in a text, one a line, as `age-keygen` writes them; lines that begin with # are words. */
export function identitiesIn(text: string): string[] {
  return text
    .split(/\s*\n\s*/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
