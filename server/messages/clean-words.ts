/** Longest one-line value, in letters. */
const LINE_MAX = 200
/** Longest value of several lines, in letters. */
const TEXT_MAX = 10_000

/** Controls, halves of surrogate pairs, line separators, and marks that reverse the order of what is shown. */
const INVISIBLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu

/** One line without controls, cut to `max` letters. */
export function oneLine(value: string, max: number = LINE_MAX): string {
  return shorten(value.replace(INVISIBLE, ' ').trim(), max)
}

/** Lines without controls, at most one of them empty in a row, cut to a bound. */
export function someLines(value: string): string {
  const lines = value.split(/\r\n?|\n|\u2028|\u2029/).map((line) => line.replace(INVISIBLE, ' ').trimEnd())
  return shorten(
    lines
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim(),
    TEXT_MAX,
  )
}

/**
 * Keeps words a person chose from becoming a link in clients that turn `evil.example` into one. They are not refused,
 * or a strange name would stop a security mail.
 */
export function unlinked(words: string): string {
  return words.replace(/:\/\//g, ': //').replace(/(?<=[\p{L}\p{N}])([.@])(?=[\p{L}\p{N}])/gu, '$1\u2060')
}

/** The parser's own spelling of an http(s) address, so that no blank or line break is left in it; null for all else. */
export function webAddress(value: string): string | null {
  const url = value.length <= 4096 && URL.canParse(value) ? new URL(value) : null
  return url && /^https?:$/.test(url.protocol) ? url.href : null
}

/** At most `max` letters; what was longer ends in an ellipsis. Never half a letter. */
export function shorten(words: string, max: number): string {
  if (words.length <= max) return words
  const letters = [...words]
  return letters.length <= max ? words : `${letters.slice(0, max - 1).join('')}…`
}
