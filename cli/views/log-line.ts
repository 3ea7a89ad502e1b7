import type { Paint } from './paint.js'

/** One line of a log; with `named` the component stands before it, in columns. */
export function logLine(entry: { component: string; line: string }, named: boolean, paint: Paint): string {
  return named ? `${paint.cyan(entry.component.padEnd(10))} ${entry.line}` : entry.line
}
