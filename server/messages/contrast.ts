/** `#rrggbb`. */
export type Colour = string

/** What WCAG 2 asks of text. */
const READABLE = 4.5

const BLACK = '#000000'
const WHITE = '#ffffff'

/** Ratio of luminances, 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrast(one: Colour, other: Colour): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

/** White or black, whichever can be read better on the background; one of them always can. */
export function textOn(background: Colour): Colour {
  return contrast(WHITE, background) >= contrast(BLACK, background) ? WHITE : BLACK
}

/** The colour, or the nearest shade of it that can be read on the background. */
export function readableOn(background: Colour, colour: Colour): Colour {
  const end = luminance(background) > 0.18 ? '#000000' : WHITE
  for (let share = 0; share < 1; share += 0.04) {
    const shade = mix(colour, end, share)
    if (contrast(shade, background) >= READABLE) return shade
  }
  return textOn(background)
}

function mix(from: Colour, to: Colour, share: number): Colour {
  const other = channels(to)
  const mixed = channels(from).map((value, index) =>
    Math.round(value + ((other[index] ?? 0) - value) * share),
  )
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}

function luminance(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((value) => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function channels(colour: Colour): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
}
