import { scrub } from '../../../../observability/logger.js'
import { OUTPUT_DEPTH_MAX, SHOWN_MAX, STEP_OUTPUT_MAX } from '../limits.js'
import { StepFailure } from '../nodes/step.js'

/**
 * A value as runs keep it: plain JSON that PostgreSQL can hold, of bounded size and depth, with no key that JavaScript
 * gives a meaning. Throws StepFailure for what is too large.
 */
export function storable(value: unknown): unknown {
  const tidied = tidy(value, 0)
  const bytes = Buffer.byteLength(JSON.stringify(tidied))
  if (bytes > STEP_OUTPUT_MAX)
    throw new StepFailure(
      'output_too_large',
      `A step may put out ${STEP_OUTPUT_MAX} bytes; this is ${bytes}.`,
    )
  return tidied
}

function tidy(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return wellFormed(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null) return null
  if (depth >= OUTPUT_DEPTH_MAX)
    throw new StepFailure('output_too_deep', `An output is ${OUTPUT_DEPTH_MAX} levels deep at most.`)
  if (Array.isArray(value)) return value.map((inner) => tidy(inner, depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== '__proto__')
      .map(([key, inner]) => [wellFormed(key), tidy(inner, depth + 1)]),
  )
}

/** PostgreSQL holds neither null characters nor halves of surrogate pairs. */
function wellFormed(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}

const SECRET_KEY =
  /^(?:.*[_-])?(?:password|passwd|passphrase|secret|token|api[_-]?key|authorization|cookie|set-cookie|private[_-]?key|credentials?)$/i

/** A value as it is shown: what looks like a secret is removed, and what is large is cut to its beginning. */
export function showable(value: unknown): unknown {
  if (value === undefined) return null
  const text = scrub(JSON.stringify(redact(value)))
  return text.length <= SHOWN_MAX
    ? JSON.parse(text)
    : { omitted: `${text.length} characters`, begins: text.slice(0, 2_000).toWellFormed() }
}

function redact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redact)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      SECRET_KEY.test(key) && typeof inner === 'string' && !inner.includes('{{secrets.')
        ? '[removed]'
        : redact(inner),
    ]),
  )
}
