import { compile, type DomNode, type FormatCallback } from 'html-to-text'
import mjml2html from 'mjml'
import type { MjmlNode } from '../markup/to-mjml.js'

/** A mail body as HTML and as plain text, both with the template's tags still to be filled in. */
export interface MailBody {
  html: string
  text: string
}

/**
 * Makes responsive HTML of a tree, and the plain text from it. Loads MJML, which is large: the build and a worker
 * thread import this file, the server never does.
 */
export async function compileMail(tree: MjmlNode): Promise<MailBody> {
  const { html } = await mjml2html(tree, { validationLevel: 'skip', keepComments: false, fonts: {} })
  // Indentation is a third of it, and mail programs cut what is longer than about 100 kB.
  const dense = html
    .replace(/\s*\n\s*/g, '\n')
    .replace(/[ \t]{2,}/g, ' ')
    .trim()
  return { html: `${dense}\n`, text: `${toText(dense).trim()}\n` }
}

/** Walks the element's children as a block with this many line breaks around it. */
function block(lineBreaks: number): FormatCallback {
  return (element, walk, builder) => {
    builder.openBlock({ leadingLineBreaks: lineBreaks })
    walk(element.children, builder)
    builder.closeBlock({ trailingLineBreaks: lineBreaks })
  }
}

/** A label of a table of facts: `When: `. */
const term: FormatCallback = (element, walk, builder) => {
  walk(element.children, builder)
  builder.addInline(': ')
}

/** What a button leads to, on a line of its own, so that programs find the address whole. */
const button: FormatCallback = (element, _walk, builder) => {
  const anchor = find(element, 'a')
  builder.openBlock({ leadingLineBreaks: 2 })
  builder.addInline(`${textOf(anchor).trim()}:`)
  builder.addLineBreak()
  builder.addInline(anchor?.attribs?.href ?? '', { noWordTransform: true })
  builder.closeBlock({ trailingLineBreaks: 2 })
}

function find(node: DomNode, name: string): DomNode | undefined {
  return node.name === name ? node : node.children?.map((child) => find(child, name)).find((found) => found)
}

function textOf(node: DomNode | undefined): string {
  return node?.type === 'text' ? (node.data ?? '') : (node?.children?.map(textOf).join('') ?? '')
}

/** A second cell and those after it are told apart by a gap. */
const cell: FormatCallback = (element, walk, builder) => {
  walk(element.children, builder)
  builder.addInline('  ')
}

/** The end of the mail, under the sign that mail programs know it by. */
const foot: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 2 })
  walk(element.children, builder)
  builder.closeBlock({ blockTransform: (text) => `--\n${text.trim()}` })
}

const toText = compile({
  wordwrap: false,
  formatters: { part: block(2), row: block(1), term, cell, button, foot },
  selectors: [
    // Layout tables and their rows are blocks; cells of the author's tables are told by their classes.
    { selector: 'table', format: 'part' },
    { selector: 'tr', format: 'row' },
    { selector: 'tr.row', format: 'row' },
    { selector: 'th.term', format: 'term' },
    { selector: 'td.cell', format: 'cell' },
    { selector: 'td.button', format: 'button' },
    { selector: 'td.fallback', format: 'skip' },
    { selector: 'div.brand', format: 'skip' },
    { selector: 'div.foot', format: 'foot' },
    { selector: 'div[style*="display:none"]', format: 'skip' },
    { selector: 'img', format: 'skip' },
    // A quoted value may have several lines, which would not all get the sign of a quotation.
    { selector: 'blockquote', format: 'part' },
    { selector: 'a', options: { linkBrackets: ['<', '>'], hideLinkHrefIfSameAsText: true } },
    { selector: 'p', options: { leadingLineBreaks: 2, trailingLineBreaks: 2 } },
    ...['h1', 'h2', 'h3'].map((selector) => ({
      selector,
      options: { uppercase: false, leadingLineBreaks: 2 },
    })),
    { selector: 'ul', options: { itemPrefix: '- ', leadingLineBreaks: 1, trailingLineBreaks: 2 } },
  ],
})
