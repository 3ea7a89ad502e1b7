import { isPair, isScalar, parseDocument, visit } from 'yaml'
import { isSecretName, REDACTED } from './redact.js'

/**
 * Takes the values of secret settings out of a YAML text, comments and order kept. A text that is no YAML comes back as it
 * was: what looks like a secret is taken out of every text afterwards anyway.
 */
export function redactConfig(text: string): string {
  const document = parseDocument(text, { logLevel: 'silent' })
  if (document.errors.length > 0) return text
  let found = false
  visit(document, (_key, node) => {
    if (!isPair(node) || !isScalar(node.key) || !isScalar(node.value)) return
    if (!isSecretName(String(node.key.value)) || node.value.value === null) return
    node.value.value = REDACTED
    node.value.type = 'QUOTE_DOUBLE'
    found = true
  })
  return found ? document.toString({ lineWidth: 0 }) : text
}
