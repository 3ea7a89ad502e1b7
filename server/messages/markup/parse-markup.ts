/** Elements, text and template tags of a body, as they stand in the source. Text is decoded; `line` is for people. */
export type MarkupNode = ElementNode | TextNode | VariableNode | SectionNode

export interface ElementNode {
  type: 'element'
  tag: string
  attributes: Readonly<Record<string, string>>
  children: MarkupNode[]
  line: number
}
export interface TextNode {
  type: 'text'
  text: string
  line: number
}
export interface VariableNode {
  type: 'variable'
  name: string
  line: number
}
export interface SectionNode {
  type: 'section'
  name: string
  isInverted: boolean
  children: MarkupNode[]
  line: number
}

/** The source is not well-formed. */
export class MarkupError extends Error {
  override readonly name = 'MarkupError'
  constructor(
    readonly line: number,
    readonly problem: string,
  ) {
    super(`line ${line}: ${problem}`)
  }
}

const DEPTH_MAX = 24
const NODES_MAX = 2_000

/** Elements that have no content and no end. */
export const EMPTY: ReadonlySet<string> = new Set(['br', 'hr', 'img', 'meta'])

/** One piece: a comment, an element's begin or end, a template tag, text, a lone brace. */
const PIECE =
  /<!--[\s\S]*?-->|<(\/?)([a-z][a-z0-9-]*)((?:\s+[a-z-]+="[^"]*")*)\s*(\/?)>|\{\{([#^/]?)([a-z][a-z0-9_]{0,39})\}\}(?!\})|[^<{]+|\{(?!\{)/y

/**
 * Parses markup strictly: every element and section is closed where it was opened, attributes stand in double quotes,
 * names are in lower case. What a lenient parser would repair is refused, so that nobody's parser sees anything else
 * in it than this one. Bounded in depth and size.
 */
export function parseMarkup(source: string): MarkupNode[] {
  return new MarkupParser(source).parse()
}

class MarkupParser {
  readonly #source: string
  readonly #open: { node: ElementNode | SectionNode | null; children: MarkupNode[] }[]
  #line = 1
  #nodes = 0

  constructor(source: string) {
    this.#source = source
    this.#open = [{ node: null, children: [] }]
  }

  parse(): MarkupNode[] {
    PIECE.lastIndex = 0
    for (let at = 0; at < this.#source.length; at = PIECE.lastIndex) {
      PIECE.lastIndex = at
      const match = PIECE.exec(this.#source)
      if (!match) this.#fail(`cannot be read here: ${JSON.stringify(this.#source.slice(at, at + 30))}`)
      else this.#take(match)
      this.#line += newlines(match?.[0] ?? '')
    }
    const [root, unclosed] = [this.#open[0], this.#open[1]]
    if (unclosed?.node) this.#fail(`${nameOf(unclosed.node)} of line ${unclosed.node.line} is not closed`)
    return root?.children ?? []
  }

  #take([piece, ending, tag, attributes, selfClosed, sign, name]: RegExpExecArray): void {
    const line = this.#line
    if (tag !== undefined && ending) this.#close(`<${tag}>`)
    else if (tag !== undefined) {
      const node = { tag, attributes: this.#attributes(attributes), children: [], line }
      this.#add({ type: 'element', ...node }, !selfClosed && !EMPTY.has(tag))
    } else if (name === undefined) {
      if (!piece.startsWith('<!--')) this.#addText(decodeText(piece))
    } else if (sign === '/') this.#close(`{{#${name}}}`)
    else if (sign === '') this.#add({ type: 'variable', name, line }, false)
    else this.#add({ type: 'section', name, isInverted: sign === '^', children: [], line }, true)
  }

  #add(node: MarkupNode, stays: boolean): void {
    this.#nodes += 1
    if (this.#nodes > NODES_MAX) this.#fail(`has more than ${NODES_MAX} elements`)
    this.#open.at(-1)?.children.push(node)
    if (!stays || !('children' in node)) return
    if (this.#open.length > DEPTH_MAX) this.#fail(`is nested deeper than ${DEPTH_MAX} levels`)
    this.#open.push({ node, children: node.children })
  }

  #addText(text: string): void {
    const last = this.#open.at(-1)?.children.at(-1)
    if (last?.type === 'text') last.text += text
    else this.#add({ type: 'text', text, line: this.#line }, false)
  }

  #close(name: string): void {
    const open = this.#open.pop()?.node
    if (!open) this.#fail(`${name} is closed and was not opened`)
    else if (nameOf(open) !== name)
      this.#fail(`${name} is closed inside ${nameOf(open)} of line ${open.line}`)
  }

  #attributes(source = ''): Record<string, string> {
    const pairs = [...source.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      decodeText(value),
    ])
    if (new Set(pairs.map(([name]) => name)).size < pairs.length) this.#fail('has an attribute twice')
    return Object.fromEntries(pairs)
  }

  #fail(problem: string): never {
    throw new MarkupError(this.#line, problem)
  }
}

/** How an element or a section is named in messages. */
export function nameOf(node: ElementNode | SectionNode): string {
  return node.type === 'element' ? `<${node.tag}>` : `{{#${node.name}}}`
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', shy: '\u00ad' },
  ...{ copy: '©', reg: '®', trade: '™', euro: '€', hellip: '…', ndash: '–', mdash: '—', middot: '·' },
  ...{
    laquo: '«',
    raquo: '»',
    lsquo: '‘',
    rsquo: '’',
    ldquo: '“',
    rdquo: '”',
    bdquo: '„',
    bull: '•',
    rarr: '→',
  },
}

function decodeText(source: string): string {
  return source.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole
    const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
    const isLetter = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff)
    return isLetter ? String.fromCodePoint(point) : whole
  })
}

function newlines(text: string): number {
  return text.split('\n').length - 1
}
