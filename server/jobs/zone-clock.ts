/** A moment at which the clocks of a zone are set, forward or back. */
export interface ClockChange {
  at: number
  /** Milliseconds ahead of UTC before it, and from it on. */
  from: number
  to: number
}

/** Changes that undo each other are four weeks apart where they are closest: around Ramadan, in Morocco and Egypt. */
const STRIDE_MS = 21 * 86_400_000
const SECOND_MS = 1_000

/** The clock on the wall in an IANA time zone, by the rules that Node's own ICU knows. All times are milliseconds. */
export class ZoneClock {
  readonly #format: Intl.DateTimeFormat

  /** @throws RangeError where there is no such zone. */
  constructor(readonly zone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  }

  /** How far the wall is ahead of UTC at an instant. */
  offsetAt(instant: number): number {
    const [, sign, hours, minutes, seconds] = OFFSET.exec(this.#format.format(instant)) ?? []
    if (hours === undefined) return 0
    const ahead = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds ?? 0)
    return (sign === '-' ? -ahead : ahead) * SECOND_MS
  }

  /** The first change after `after` and not after `until`; null where the clocks are left alone. */
  nextChange(after: number, until: number): ClockChange | null {
    const from = this.offsetAt(after)
    for (let low = after; low < until; low += STRIDE_MS) {
      const high = Math.min(low + STRIDE_MS, until)
      if (this.offsetAt(high) === from) continue
      const at = this.#narrow(low, high, from)
      return { at, from, to: this.offsetAt(at) }
    }
    return null
  }

  /** The whole second at which the offset stops being `from`, between an instant that has it and one that has not. */
  #narrow(low: number, high: number, from: number): number {
    let [had, lost] = [Math.floor(low / SECOND_MS), Math.ceil(high / SECOND_MS)]
    while (lost - had > 1) {
      const middle = Math.floor((had + lost) / 2)
      if (this.offsetAt(middle * SECOND_MS) === from) had = middle
      else lost = middle
    }
    return lost * SECOND_MS
  }
}

/** What is said where the offset is not zero: `GMT+05:30`. */
const OFFSET = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/

/** Whether Node knows a time zone by this name. */
export function isTimeZone(name: string): boolean {
  try {
    return Boolean(new ZoneClock(name))
  } catch {
    return false
  }
}
