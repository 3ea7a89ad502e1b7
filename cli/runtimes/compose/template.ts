/** What a placeholder may stand for; undefined drops what holds it. */
export type TemplateValues = Readonly<Record<string, unknown>>

const WHOLE = /^\{\{([\w-]+)\}\}$/
const PART = /\{\{([\w-]+)\}\}/g

/**
 * Fills the placeholders of a parsed fragment. A scalar that is one placeholder becomes the value itself (a list, a map, a
 * number), inside longer text its words; a key whose value is undefined is left out. An unknown name is an error.
 */
export function fillTree(node: unknown, values: TemplateValues): unknown {
  if (typeof node === 'string') return fillScalar(node, values)
  if (Array.isArray(node))
    return node.map((item) => fillTree(item, values)).filter((item) => item !== undefined)
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node)
      .map(([key, value]) => [key, fillTree(value, values)] as const)
      .filter(([, value]) => value !== undefined),
  )
}

/** Fills the placeholders of a text; a line whose placeholder has no value is left out. */
export function fillText(text: string, values: TemplateValues): string {
  return text
    .split('\n')
    .flatMap((line) => {
      const names = [...line.matchAll(PART)].map(([, name]) => name ?? '')
      if (names.some((name) => lookUp(name, values) === undefined)) return []
      return [line.replace(PART, (_, name: string) => String(lookUp(name, values)))]
    })
    .join('\n')
}

function fillScalar(text: string, values: TemplateValues): unknown {
  const whole = WHOLE.exec(text)?.[1]
  if (whole !== undefined) return lookUp(whole, values)
  return text.replace(PART, (_, name: string) => String(lookUp(name, values)))
}

function lookUp(name: string, values: TemplateValues): unknown {
  if (Object.hasOwn(values, name)) return values[name]
  throw new Error(`the template asks for "${name}", which nothing gives`)
}
