import { createPaint, type Paint } from '../views/paint.js'

/** Whether text for people on this stream may carry colour: a terminal, and nobody said no. */
export function mayColour(stream: { isTTY?: boolean }, argv: readonly string[]): boolean {
  if (process.env.NO_COLOR || process.env.TERM === 'dumb') return false
  return stream.isTTY === true && !argv.includes('--no-color') && !isTrue(process.env.VETRAI_NO_COLOR)
}

/** Whether `--json` was asked for, by flag (before any `--`) or by VETRAI_JSON. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  const flags = end === -1 ? argv : argv.slice(0, end)
  return flags.includes('--json') || isTrue(process.env.VETRAI_JSON)
}

/** The painter for a stream of this process. */
export function paintFor(stream: { isTTY?: boolean }, argv: readonly string[]): Paint {
  return createPaint(mayColour(stream, argv))
}

/** Writes one result to standard output, ending in exactly one line break. */
export function writeResult(text: string): void {
  if (text !== '') process.stdout.write(`${text.replace(/\n+$/, '')}\n`)
}

/** Writes talk (never a result) to standard error. */
export function writeTalk(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** True where both questions and answers can reach a person. */
export function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** True where a program can be handed a terminal to read from and write to. */
export function isTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(1|true|yes|y)$/i.test(value)
}
