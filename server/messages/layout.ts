import { readFileSync } from 'node:fs'
import { localeChain } from './locales.js'
import { type ElementNode, type MarkupNode, parseMarkup } from './markup/parse-markup.js'

const SOURCES = new URL('../../../templates/messages/', import.meta.url)

let source: { layout: string; words: Record<string, Record<string, string>> } | undefined

/** The frame of all mails with its own words in the language of the locale, or in the next best. */
export function layoutOf(locale: string): ElementNode {
  source ??= {
    layout: readFileSync(new URL('layout.mjml', SOURCES), 'utf8'),
    words: JSON.parse(readFileSync(new URL('layout.json', SOURCES), 'utf8')),
  }
  const { words } = source
  const [own = 'en'] = localeChain(locale, null).filter((tag) => Object.hasOwn(words, tag))
  const [root] = parseMarkup(source.layout).filter((node) => node.type === 'element')
  if (!root) throw new TypeError('layout.mjml holds no element')
  return withWords(root, words[own] ?? {})
}

/** Puts the words in place of `<words name="…"/>`. */
function withWords(node: ElementNode, words: Readonly<Record<string, string>>): ElementNode {
  const replace = (child: MarkupNode): MarkupNode[] => {
    if (child.type === 'section') return [{ ...child, children: child.children.flatMap(replace) }]
    if (child.type !== 'element') return [child]
    return child.tag === 'words'
      ? parseMarkup(words[child.attributes.name ?? ''] ?? '')
      : [withWords(child, words)]
  }
  return { ...node, children: node.children.flatMap(replace) }
}
