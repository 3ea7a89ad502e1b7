/** A piece of a text: itself, an expression in `{{ }}`, or a secret in `{{ secrets.NAME }}`. */
export type Part = { text: string } | { expression: string } | { secret: string }

const SECRET = /^secrets\.([A-Z][A-Z0-9_]{0,59})$/

/** Splits a text at its `{{ }}`. What is never closed is text. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = []
  let at = 0
  for (let open = text.indexOf('{{'); open >= 0; open = text.indexOf('{{', at)) {
    const close = closeOf(text, open + 2)
    if (close < 0) break
    if (open > at) parts.push({ text: text.slice(at, open) })
    const inner = text.slice(open + 2, close).trim()
    const secret = SECRET.exec(inner)?.[1]
    parts.push(secret ? { secret } : { expression: inner })
    at = close + 2
  }
  if (at < text.length || parts.length === 0) parts.push({ text: text.slice(at) })
  return parts
}

/** Where the `}}` of an expression is: braces inside of it pair up, and those in quotes do not count. */
function closeOf(text: string, from: number): number {
  let depth = 0
  for (let i = from; i < text.length; i += 1) {
    const c = text[i]
    if (c === '"' || c === "'" || c === '`') {
      i = endOfQuote(text, i)
      if (i < 0) return -1
    } else if (c === '{') depth += 1
    else if (c === '}') {
      if (depth === 0) return text[i + 1] === '}' ? i : -1
      depth -= 1
    }
  }
  return -1
}

function endOfQuote(text: string, from: number): number {
  const quote = text[from]
  for (let i = from + 1; i < text.length; i += 1) {
    if (text[i] === '\\' && quote !== '`') i += 1
    else if (text[i] === quote) return i
  }
  return -1
}

/** A text of a configuration with where it stands (RFC 6901 pointer). */
export interface Found {
  pointer: string
  parts: Part[]
}

/** Every text below a value that holds an expression or a secret. */
export function findTemplates(value: unknown, pointer = ''): Found[] {
  if (typeof value === 'string') {
    const parts = partsOf(value)
    return parts.some((part) => !('text' in part)) ? [{ pointer, parts }] : []
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => findTemplates(inner, `${pointer}/${escapeKey(key)}`))
}

/** The expressions of some parts, in order. */
export function expressionsOf(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => ('expression' in part ? [part.expression] : []))
}

/**
 * The value with its expressions replaced by what `resultOf` has for them. A text that is one expression and nothing
 * else becomes its result, whatever that is; others become text.
 */
export function fillTemplates(value: unknown, resultOf: (expression: string) => unknown): unknown {
  if (typeof value === 'string') return fillText(partsOf(value), resultOf)
  if (Array.isArray(value)) return value.map((inner) => fillTemplates(inner, resultOf))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, fillTemplates(inner, resultOf)]),
  )
}

function fillText(parts: readonly Part[], resultOf: (expression: string) => unknown): unknown {
  const [only] = parts
  if (only && parts.length === 1 && 'expression' in only) return resultOf(only.expression)
  return parts.map((part) => partText(part, resultOf)).join('')
}

/** A part as text; a secret as the reference that it is. */
export function partText(part: Part, resultOf: (expression: string) => unknown): string {
  if ('text' in part) return part.text
  if ('secret' in part) return `{{secrets.${part.secret}}}`
  return textOf(resultOf(part.expression))
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function escapeKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
