/** What the program says while it works, one JSON document a line on standard error. */
export interface Talk {
  /** A new step begins. */
  step(title: string): void
  /** How far the step is; said at most a few times a second. */
  detail(text: string, progress?: { done: number; total: number }): void
  /** Says what was held back. */
  end(): void
}

const PAUSE_MS = 200

/** Talks to whoever started the program. */
export function talkTo(stream: { write(text: string): unknown }): Talk {
  let last = 0
  let held: object | undefined
  const say = (line: object) => stream.write(`${JSON.stringify(line)}\n`)
  const flush = () => {
    if (held) say(held)
    held = undefined
  }
  return {
    step: (title) => {
      flush()
      last = 0
      say({ step: title })
    },
    detail: (text, progress) => {
      held = { detail: text, ...progress }
      if (Date.now() - last < PAUSE_MS) return
      last = Date.now()
      flush()
    },
    end: flush,
  }
}

/** Bytes for people, in decimal units. */
export function bytesWords(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000
    unit += 1
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** Seconds since a reading of the process's clock, to a tenth. */
export function seconds(began: number): number {
  return Math.round((performance.now() - began) / 100) / 10
}
