/** A size in bytes with a binary unit, three figures at most: `1.5 GiB`; null gives a dash. */
export function bytes(size: number | null): string {
  if (size === null) return '–'
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = size
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : Number(value.toFixed(1))} ${units[unit]}`
}

/** A length of time in seconds as its two largest units: `3d 4h`; null gives a dash. */
export function duration(seconds: number | null): string {
  if (seconds === null) return '–'
  const whole = Math.max(0, Math.floor(seconds))
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ]
  const first = parts.findIndex(([amount]) => amount > 0)
  if (first === -1) return '0s'
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(' ')
}

/** An RFC 3339 time cut to the minute in UTC, `2026-11-22 20:30`; null or nothing gives a dash. */
export function time(iso: string | null | undefined): string {
  if (!iso) return '–'
  return iso.slice(0, 16).replace('T', ' ')
}

/** An RFC 3339 time cut to the minute on the clock of this host, `2026-11-22 21:30 CET`; null or nothing gives a dash. */
export function localTime(iso: string | null | undefined): string {
  if (!iso) return '–'
  const parts = new Intl.DateTimeFormat('en-GB', {
    ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' },
  }).formatToParts(new Date(iso))
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')} ${of('timeZoneName')}`
}

/** `1 tenant`, `2 tenants`: the count with the noun in the right number. */
export function count(amount: number, noun: string, plural = `${noun}s`): string {
  return `${amount} ${amount === 1 ? noun : plural}`
}
