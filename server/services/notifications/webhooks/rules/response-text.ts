/** How much of an answer's body is kept, in characters. */
const RESPONSE_MAX = 1_024

/** How much of it is read for that, in bytes: enough that no secret is cut in half before it is found. */
export const RESPONSE_READ_BYTES = 4_096

const TEXTUAL = /^(text\/|application\/(.*\+)?(json|xml)|application\/x-www-form-urlencoded)/i

/**
 * The beginning of an answer's body as it may be kept and shown: text only, without control characters, and without
 * any of `secrets` where the receiver sent one back. Null when there is none.
 */
export function responseText(
  bytes: Buffer,
  contentType: string | undefined,
  secrets: readonly string[],
): string | null {
  if (bytes.length === 0 || (contentType !== undefined && !TEXTUAL.test(contentType))) return null
  // As a stream, so that a character cut in half at the end is left out.
  let text = new TextDecoder().decode(bytes, { stream: true }).replace(/[^\P{Cc}\t\n]/gu, '')
  for (const secret of secrets) text = text.replaceAll(secret, '[removed]')
  return text === '' ? null : text.slice(0, RESPONSE_MAX)
}
