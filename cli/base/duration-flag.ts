import * as Flags from '@oclif/core/flags'
import { usageError } from './usage-error.js'

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 }

/** A length of time as people write it, `90s`, `10m` or `2h`; the value is in seconds. */
export const durationFlag = Flags.custom<number>({
  helpValue: 'TIME',
  parse: async (text) => {
    const [, amount = '', unit = 's'] = /^(\d{1,6})([smh])?$/.exec(text) ?? []
    if (amount === '' || Number(amount) === 0) {
      throw usageError(`"${text}" is not a length of time.`, 'Write it as 90s, 10m or 2h.')
    }
    return Number(amount) * (UNITS[unit] ?? 1)
  },
})
