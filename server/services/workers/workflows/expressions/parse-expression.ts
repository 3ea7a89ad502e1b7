import { type References, referencesIn } from './references.js'

/** What is known of an expression before it is evaluated. */
export type ParsedExpression = { references: References } | { problem: string }

/** Parsed expressions kept at most; each is small. */
const KEPT_MAX = 2_000

const kept = new Map<string, ParsedExpression>()

/** Parses a JSONata expression without evaluating anything of it. The library is loaded when first asked for. */
export async function parseExpression(text: string): Promise<ParsedExpression> {
  const known = kept.get(text)
  if (known) return known
  const parsed = await parse(text)
  if (kept.size >= KEPT_MAX) kept.clear()
  kept.set(text, parsed)
  return parsed
}

async function parse(text: string): Promise<ParsedExpression> {
  const { default: jsonata } = await import('jsonata')
  try {
    return { references: referencesIn(jsonata(text).ast()) }
  } catch (error) {
    const { message, position } = error as { message?: string; position?: number }
    const where = position === undefined ? '' : ` (at character ${position})`
    return { problem: `${message ?? 'cannot be read'}${where}` }
  }
}
