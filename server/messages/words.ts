import Mustache from 'mustache'
import { escapeHtml } from './escape-html.js'
import type { View } from './fit-data.js'
import type { Variables } from './variables.js'

/** A text with variables is not in the language of templates, or names what is not there. */
export class WordsError extends Error {
  override readonly name = 'WordsError'
}

/** A parsed text; it does not change, and can be filled any number of times. */
export type Words = readonly Token[]
type Token = [type: 'text' | 'name' | '#' | '^', value: string, start: number, end: number, inner?: Token[]]

/** Names that sections may open and what is in reach inside them. */
export type Scope = Variables

/** `{{name}}`, `{{#name}}`, `{{^name}}`, `{{/name}}`: the whole language. */
export const TAG = /(?<!\{)\{\{([#^/]?)([a-z][a-z0-9_]{0,39})\}\}(?!\})/g

/**
 * Parses text of the language: variables, sections and inverted sections of Mustache, with names as they are declared.
 * Partials, lambdas, unescaped output, dots, set delimiters and comments are errors, as is a name without a variable.
 */
export function parseWords(source: string, scope: Scope): Words {
  if (/\{\{|\}\}/.test(source.replace(TAG, ''))) {
    throw new WordsError('holds braces that are no {{name}}, {{#name}}, {{^name}} or {{/name}}')
  }
  const words = parseChecked(source)
  checkNames(words, scope)
  return words
}

/** Parses text that was checked before it was stored. */
export function parseChecked(source: string): Words {
  try {
    return writer.parse(source) as Token[]
  } catch (error) {
    throw new WordsError(error instanceof Error ? firstLower(error.message) : 'cannot be read')
  }
}

/** Fills in a view. For HTML every value is escaped, and its line breaks become `<br>`. */
export function fillWords(words: Words, view: View, as: 'text' | 'html'): string {
  const tokens = words as unknown as string[][]
  const escaped = as === 'html' ? (value: string) => escapeHtml(value).replace(/\n/g, '<br>') : String
  return writer.renderTokens(tokens, new Mustache.Context(view), undefined, undefined, { escape: escaped })
}

/** Why a variable cannot be shown or opened as a section here; undefined when it can. */
export function nameProblem(name: string, isSection: boolean, scope: Scope): string | undefined {
  const spec = Object.hasOwn(scope, name) ? scope[name] : undefined
  if (!spec) return `names "${name}", which is not a variable`
  if (!isSection && (spec.kind === 'list' || spec.kind === 'flag')) {
    return `shows "${name}", which is a ${spec.kind} and can only open a section`
  }
  return undefined
}

/** What is in reach inside a section: of a list, the fields of its items too. */
export function scopeInside(name: string, isInverted: boolean, scope: Scope): Scope {
  const spec = scope[name]
  return spec?.kind === 'list' && !isInverted ? { ...scope, ...spec.fields } : scope
}

function checkNames(words: Words, scope: Scope): void {
  for (const [type, name, , , inner] of words) {
    if (type === 'text') continue
    const problem = nameProblem(name, type !== 'name', scope)
    if (problem) throw new WordsError(problem)
    if (inner) checkNames(inner, scopeInside(name, type === '^', scope))
  }
}

/** Mustache's writer without what could get out of it: missing names are errors, and nothing is ever unescaped. */
class StrictWriter extends Mustache.Writer {
  override escapedValue(token: string[], context: Mustache.Context, config?: Mustache.RenderOptions): string {
    const value: unknown = context.lookup(token[1] ?? '')
    if (value === undefined) throw new WordsError(`needs "${token[1]}", which was not given`)
    return typeof value === 'string' ? (config?.escape?.(value) ?? '') : ''
  }

  override unescapedValue(): string {
    throw new WordsError('holds an unescaped variable')
  }

  override renderPartial(): string {
    throw new WordsError('holds a partial')
  }
}

const writer = new StrictWriter()
// Each text is parsed once and kept by who uses it; Mustache's own cache would keep all of them for ever.
Object.assign(writer, { templateCache: undefined })

function firstLower(words: string): string {
  return words.charAt(0).toLowerCase() + words.slice(1)
}
