/** A pattern that cannot be read; the message says what is wrong and where, for whoever wrote it. */
export class CronSyntaxError extends Error {
  override readonly name = 'CronSyntaxError'
}

/** Place of a field in a pattern of six. */
export type CronField = 0 | 1 | 2 | 3 | 4 | 5

const LISTS = 'lists (1,3), ranges (1-5) and steps (*/2, 1-9/2)'
const FIELDS: readonly string[] = [
  `seconds take 0 to 59, *, ${LISTS}`,
  `minutes take 0 to 59, *, ${LISTS}`,
  `hours take 0 to 23, *, ${LISTS}`,
  `the day of month takes 1 to 31, *, ${LISTS}, L (the last), LW and 15W (the nearest weekday)`,
  `the month takes 1 to 12 or JAN to DEC, *, ${LISTS}`,
  `the day of week takes 0 to 7 or SUN to SAT, *, ${LISTS}, FRI#2 (the second), FRIL (the last) and + before it (as well)`,
]

/**
 * Which part of a pattern is wrong and what may stand there; null where every field is good by itself. `fits`
 * judges one field.
 */
export function explainSyntax(
  text: string,
  fits: (field: CronField, text: string) => boolean,
): string | null {
  if (text.trim().startsWith('@'))
    return 'a nickname is one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually'
  const fields = [...text.matchAll(/\S+/g)]
  if (fields.length !== 5 && fields.length !== 6)
    return `has ${fields.length} fields; minutes, hours, day of month, month and day of week are wanted, with seconds before them or without`
  const skipped = 6 - fields.length
  for (const [i, match] of fields.entries()) {
    const field = (i + skipped) as CronField
    if (fits(field, match[0])) continue
    const { part, at } = culprit(match[0], (one) => fits(field, one))
    return `"${part}" at character ${match.index + at + 1} is wrong: ${FIELDS[field]}`
  }
  return null
}

/** The item of a list that is wrong, or the whole where each is good alone. */
function culprit(text: string, isGood: (part: string) => boolean): { part: string; at: number } {
  let at = 0
  for (const part of text.split(',')) {
    if (part !== '' && !isGood(part)) return { part, at }
    at += part.length + 1
  }
  return { part: text, at: 0 }
}
