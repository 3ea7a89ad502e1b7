import { escapeHtml } from '../escape-html.js'
import { addressWords } from './address.js'
import { type ElementNode, EMPTY, type MarkupNode } from './parse-markup.js'

const GAP = 'margin:0 0 16px'
const HEADING = 'font-weight:600;color:#18181b'
const CELL = 'padding:4px 16px 4px 0;text-align:left;vertical-align:top'

/** How text elements look; mail programs that drop style sheets keep these. */
const STYLES: Readonly<Record<string, string>> = {
  p: GAP,
  h1: `${GAP};${HEADING};font-size:21px;line-height:29px`,
  h2: `${GAP};${HEADING};font-size:18px;line-height:26px`,
  h3: `margin:0 0 4px;${HEADING};font-size:16px;line-height:24px`,
  blockquote: `${GAP};padding:2px 0 2px 14px;border-left:3px solid #d4d4d8`,
  ul: `${GAP};padding:0 0 0 22px`,
  ol: `${GAP};padding:0 0 0 22px`,
  li: 'margin:0 0 4px',
  a: 'color:{{theme_link}};word-break:break-word',
  code: 'font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:14px',
  th: `${CELL};font-weight:400;color:#63636b;word-break:normal`,
  td: `${CELL};word-break:break-word`,
}

/** Classes by which the text version tells cells of a body from those of the layout. */
const CLASSES: Readonly<Record<string, string>> = { tr: 'row', th: 'term', td: 'cell' }

/** Text elements as HTML, written anew from what was understood; template tags stay, and nothing else has braces. */
export function toHtml(nodes: readonly MarkupNode[]): string {
  return nodes.map(nodeHtml).join('')
}

/** An attribute's value with its template tags, the rest escaped. */
export function attributeHtml(name: string, value: string): string {
  return escapeAround(name === 'href' || name === 'src' ? addressWords(value) : value)
}

function nodeHtml(node: MarkupNode): string {
  switch (node.type) {
    case 'text':
      return escapeHtml(node.text)
    case 'variable':
      return `{{${node.name}}}`
    case 'section':
      return `{{${node.isInverted ? '^' : '#'}${node.name}}}${toHtml(node.children)}{{/${node.name}}}`
    case 'element':
      return elementHtml(node)
  }
}

function elementHtml({ tag, attributes, children }: ElementNode): string {
  const style = attributes.align ? `${STYLES[tag] ?? ''};text-align:${attributes.align}` : STYLES[tag]
  const look = { class: CLASSES[tag], style, target: tag === 'a' ? '_blank' : undefined }
  const text = Object.entries({ ...look, ...attributes })
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .map(([name, value]) => ` ${name}="${attributeHtml(name, value)}"`)
    .join('')
  return EMPTY.has(tag) ? `<${tag}${text}>` : `<${tag}${text}>${toHtml(children)}</${tag}>`
}

/** Escapes all but template tags; they hold no character that would need it. */
function escapeAround(value: string): string {
  const tags = [...value.matchAll(/\{\{[a-z][a-z0-9_]*(?:@uri)?\}\}/g)].map(([tag]) => tag)
  return value
    .split(/\{\{[a-z][a-z0-9_]*(?:@uri)?\}\}/)
    .map((part, index) => escapeHtml(part) + (tags[index] ?? ''))
    .join('')
}
