/** What may stand inside an element. `components` fill a column; `flow` is text with paragraphs, `inline` without. */
export type Contents = 'none' | 'columns' | 'components' | 'flow' | 'inline' | 'rows' | 'cells' | 'items'

/** How the value of an attribute is judged. */
export type AttributeRule = 'address' | 'picture' | 'words' | RegExp

export interface ElementRule {
  contents: Contents
  attributes: Readonly<Record<string, AttributeRule>>
  /** Attributes it cannot be without. */
  needs?: readonly string[]
}

const COLOUR = /^#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/
const PIXELS = /^(?:0|\d{1,3}px)$/
const LENGTH = /^\d{1,3}(?:px|%)$/
const SIDES = /^(?:0|\d{1,3}px)(?: (?:0|\d{1,3}px)){0,3}$/
const ALIGN = /^(?:left|center|right)$/
const CSS_CLASS = /^(?:quiet|fallback|quiet fallback)$/

const block = { align: ALIGN, padding: SIDES, 'css-class': CSS_CLASS }
const letters = {
  color: COLOUR,
  'font-size': /^(?:[89]|[1-3]\d|4[0-8])px$/,
  'font-weight': /^(?:normal|bold|[1-9]00)$/,
  'line-height': PIXELS,
}

/**
 * Everything a body may be made of. What is not in this table does not exist: no raw HTML, no includes, no styles, no
 * scripts, no attribute that could carry any. Values are of fixed shapes, because MJML writes them into style
 * attributes as they are.
 */
export const ELEMENTS: Readonly<Record<string, ElementRule>> = {
  'mj-section': { contents: 'columns', attributes: { 'background-color': COLOUR, padding: SIDES } },
  'mj-column': { contents: 'components', attributes: { width: LENGTH, padding: SIDES } },
  'mj-text': { contents: 'flow', attributes: { ...block, ...letters } },
  'mj-button': {
    contents: 'inline',
    attributes: {
      ...{ ...letters, href: 'address', 'background-color': COLOUR, 'border-radius': PIXELS },
      ...{ align: ALIGN, padding: SIDES, width: PIXELS, 'inner-padding': SIDES },
    },
    needs: ['href'],
  },
  'mj-image': {
    contents: 'none',
    attributes: {
      ...block,
      src: 'picture',
      href: 'address',
      alt: 'words',
      width: PIXELS,
      'border-radius': PIXELS,
    },
    needs: ['src', 'alt'],
  },
  'mj-divider': {
    contents: 'none',
    attributes: { ...block, 'border-color': COLOUR, 'border-width': PIXELS, width: LENGTH },
  },
  'mj-spacer': { contents: 'none', attributes: { height: PIXELS } },
  'mj-table': { contents: 'rows', attributes: { ...block, ...letters } },

  ...elements(['p', 'h1', 'h2', 'h3', 'blockquote'], 'inline'),
  ...elements(['ul', 'ol'], 'items'),
  ...elements(['strong', 'b', 'em', 'i', 'u', 's', 'small', 'code', 'li'], 'inline'),
  br: { contents: 'none', attributes: {} },
  a: { contents: 'inline', attributes: { href: 'address' }, needs: ['href'] },
  tr: { contents: 'cells', attributes: {} },
  td: { contents: 'inline', attributes: { align: ALIGN, colspan: /^[1-9]$/ } },
  th: { contents: 'inline', attributes: { align: ALIGN, colspan: /^[1-9]$/ } },
}

const INLINE = ['strong', 'b', 'em', 'i', 'u', 's', 'small', 'code', 'br', 'a']

/** Which elements may stand directly inside each kind of contents. */
export const INSIDE: Readonly<Record<Contents | 'body', readonly string[]>> = {
  body: ['mj-section', 'mj-text', 'mj-button', 'mj-image', 'mj-divider', 'mj-spacer', 'mj-table'],
  none: [],
  columns: ['mj-column'],
  components: ['mj-text', 'mj-button', 'mj-image', 'mj-divider', 'mj-spacer', 'mj-table'],
  flow: [...INLINE, 'p', 'h1', 'h2', 'h3', 'blockquote', 'ul', 'ol'],
  inline: INLINE,
  rows: ['tr'],
  cells: ['td', 'th'],
  items: ['li'],
}

/** Where text and variables may stand. */
export const TEXTUAL: readonly (Contents | 'body')[] = ['flow', 'inline']

function elements(tags: string[], contents: Contents): Record<string, ElementRule> {
  return Object.fromEntries(tags.map((tag) => [tag, { contents, attributes: {} }]))
}
