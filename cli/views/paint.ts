type Tint = (text: string) => string

/** The few ways VetrAI's text output may be coloured. */
export interface Paint {
  bold: Tint
  dim: Tint
  red: Tint
  green: Tint
  yellow: Tint
  cyan: Tint
}

/** A painter that colours when `colour` is true and otherwise returns every text unchanged. */
export function createPaint(colour: boolean): Paint {
  const tint =
    (open: number, close: number): Tint =>
    (text) =>
      colour && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text
  return {
    bold: tint(1, 22),
    dim: tint(2, 22),
    red: tint(31, 39),
    green: tint(32, 39),
    yellow: tint(33, 39),
    cyan: tint(36, 39),
  }
}

/** Columns the text takes on a terminal: colour codes count nothing, wide East Asian characters two. */
export function width(text: string): number {
  let columns = 0
  for (const character of text.replaceAll(COLOUR_CODE, '')) columns += WIDE.test(character) ? 2 : 1
  return columns
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with the escape character
const COLOUR_CODE = /\u001b\[\d+m/g
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\u{1f300}-\u{1faff}]/u
