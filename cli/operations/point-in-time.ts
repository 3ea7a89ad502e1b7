import { CliError } from '../deployment/errors.js'
import type { PointInTime, Runtime } from '../runtimes/runtime.js'

/** What a runtime can do about points in time. CliError `not_supported` (exit 4) where it is nothing. */
export function pointInTime({ name, pointInTime: able }: Runtime): PointInTime {
  if (able) return able
  throw new CliError({
    code: 'not_supported',
    message: `The runtime ${name} archives no changes of its database, so no point in time can be restored.`,
    next: 'That needs runtime compose and `backup.wal: true`. Whole backups restore here too.',
    exitCode: 4,
  })
}

const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:?\d\d)$/i

/** Reads a point in time that has passed. CliError `time_invalid` (exit 2); one without a zone could mean many. */
export function readTime(text: string): Date {
  const time = new Date(text.trim().replace(' ', 'T'))
  if (TIME.test(text.trim()) && time.getTime() <= Date.now()) return time
  throw new CliError({
    code: 'time_invalid',
    message:
      Number.isNaN(time.getTime()) || !TIME.test(text.trim())
        ? `"${text}" is no time with a zone.`
        : `${text} is yet to come.`,
    next: 'Name a time such as 2026-11-26T10:00:00Z or 2026-11-26T11:00:00+01:00',
    exitCode: 2,
  })
}
