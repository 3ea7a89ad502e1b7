import { CliError } from '../deployment/errors.js'

const PLAIN = /^[\w./:@=-]+$/

/** One word of a list in a unit (`Environment=`, `RequiresMountsFor=`): nothing in it is expanded. */
export function unitWord(text: string): string {
  if (PLAIN.test(text)) return text
  return `"${unitPath(text).replace(/["\\]/g, '\\$&')}"`
}

/** One argument of a command in a unit: as a word, and no variable is put in. */
export function unitArgument(text: string): string {
  return unitWord(text).replaceAll('$', '$$$$')
}

/** The path of the program a command runs: systemd puts no variable in there, and takes no quotes or backslashes. */
export function unitProgram(path: string): string {
  if (/["'\\]/.test(path)) throw unfit(path, 'a quote or backslash, which systemd allows in no program')
  return unitWord(path)
}

/** A setting that is one path up to the end of its line: there only `%` means something. */
export function unitPath(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no way of writing those survives everywhere
  if (/[\u0000-\u001f\u007f]/.test(text)) throw unfit(text, 'a control character, which no unit can name')
  return text.replaceAll('%', '%%')
}

/** One word of a line that a shell reads. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

function unfit(text: string, what: string): CliError {
  return new CliError({
    code: 'path_unfit',
    message: `${JSON.stringify(text)} holds ${what}.`,
    next: 'Use a path without it.',
    exitCode: 2,
  })
}
