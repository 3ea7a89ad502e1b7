const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/**
 * Time of a log line in milliseconds since 1970: of JSON lines with `time`, of PostgreSQL
 * (`2026-11-22 20:43:50.123 UTC`), of Redis (`22 Nov 2026 20:43:50.123`) and ISO 8601. Undefined for
 * a line without one, which continues the line before.
 */
export function logTime(line: string): number | undefined {
  return jsonTime(line) ?? isoTime(line) ?? redisTime(line)
}

function jsonTime(line: string): number | undefined {
  if (!line.startsWith('{')) return undefined
  const [, epoch, text] = /"time":(?:(\d{10,14})|"([^"]{10,40})")/.exec(line) ?? []
  if (epoch !== undefined) return Number(epoch)
  return text === undefined ? undefined : known(Date.parse(text))
}

function isoTime(line: string): number | undefined {
  const [, date, time] = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)/.exec(line) ?? []
  return date === undefined ? undefined : known(Date.parse(`${date}T${time}Z`))
}

function redisTime(line: string): number | undefined {
  const match = /^\d+:[A-Z] (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d\.\d+)/.exec(line)
  if (!match) return undefined
  const [, day, month = '', year, time] = match
  const number = String(MONTHS.indexOf(month) + 1).padStart(2, '0')
  return known(Date.parse(`${year}-${number}-${day}T${time}Z`))
}

function known(time: number): number | undefined {
  return Number.isNaN(time) ? undefined : time
}
