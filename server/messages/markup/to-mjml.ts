import type { ElementNode, MarkupNode, SectionNode } from './parse-markup.js'
import { attributeHtml, toHtml } from './to-html.js'

/** A node of MJML's own tree. It is given as a tree and not as text, so that MJML parses and includes nothing. */
export interface MjmlNode {
  tagName: string
  attributes: Record<string, string>
  children?: MjmlNode[]
  content?: string
}

/** Elements whose content MJML takes as HTML. */
const WITH_HTML = new Set([
  'mj-text',
  'mj-button',
  'mj-table',
  'mj-raw',
  'mj-style',
  'mj-title',
  'mj-preview',
])

const RIGHT_TO_LEFT = new Set(['ar', 'dv', 'fa', 'he', 'ps', 'ur', 'yi'])

/** The whole mail: the layout with the body in place of `<content/>`, in the direction of the locale. */
export function toMjml(layout: ElementNode, body: readonly MarkupNode[], locale: string): MjmlNode {
  const isRightToLeft = RIGHT_TO_LEFT.has(locale.split('-')[0] ?? '')
  const tree = convert(replaceContent(layout, asSections(body)), isRightToLeft ? 'right' : 'left')
  return { ...tree, attributes: { lang: locale, dir: isRightToLeft ? 'rtl' : 'ltr' } }
}

/** Blocks that stand free get a section with one column around them. */
function asSections(body: readonly MarkupNode[]): MarkupNode[] {
  const blocks = body.filter((node) => node.type !== 'text')
  const hasSections = blocks.some((node) => node.type === 'element' && node.tag === 'mj-section')
  return hasSections ? blocks : [element('mj-section', [element('mj-column', blocks)])]
}

function element(tag: string, children: MarkupNode[]): ElementNode {
  return { type: 'element', tag, attributes: {}, children, line: 0 }
}

function replaceContent(node: ElementNode, content: MarkupNode[]): ElementNode {
  const children = node.children.flatMap((child): MarkupNode[] => {
    if (child.type !== 'element') return [child]
    return child.tag === 'content' ? content : [replaceContent(child, content)]
  })
  return { ...node, children }
}

function convert({ tag, attributes, children }: ElementNode, start: string): MjmlNode {
  const written = Object.entries(attributes).map(([name, value]) => [
    name,
    value === 'start' ? start : attributeHtml(name, value),
  ])
  const node = { tagName: tag, attributes: Object.fromEntries(written) }
  if (tag === 'mj-style') return { ...node, content: children.map(styleText).join('') }
  if (WITH_HTML.has(tag)) return { ...node, content: toHtml(children).trim() }
  return { ...node, children: children.flatMap((child) => convertChild(child, start)) }
}

function styleText(child: MarkupNode): string {
  if (child.type === 'variable') return `{{${child.name}}}`
  return child.type === 'text' ? child.text : ''
}

function convertChild(child: MarkupNode, start: string): MjmlNode[] {
  if (child.type === 'element') return [convert(child, start)]
  return child.type === 'section' ? sectionAround(child, start) : []
}

/** Between components a section's tags are raw: MJML hands them on where they stand. */
function sectionAround({ name, isInverted, children }: SectionNode, start: string): MjmlNode[] {
  const raw = (content: string): MjmlNode => ({ tagName: 'mj-raw', attributes: {}, content })
  return [
    raw(`{{${isInverted ? '^' : '#'}${name}}}`),
    ...children.flatMap((child) => convertChild(child, start)),
    raw(`{{/${name}}}`),
  ]
}
