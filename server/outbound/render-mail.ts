import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  MAIL_TEMPLATES,
  type MailTemplateName,
  type MailVariableKind,
  type MailVariables,
} from './mail-templates.js'

/** A mail ready to be sent; the subject is one line. */
export interface RenderedMail {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** Renders mails of one deployment. */
export interface MailRenderer {
  /** Fills a template; throws MailTemplateError when a variable is missing, unknown or not of its kind. */
  render<N extends MailTemplateName>(name: N, variables: MailVariables<N>): RenderedMail
}

/** A template or its variables are wrong: a mistake in the program, never in what a person typed. */
export class MailTemplateError extends Error {
  override readonly name = 'MailTemplateError'
}

const TEMPLATES = fileURLToPath(new URL('../../../templates/email/', import.meta.url))
const CONTENT = '<!-- content -->'
const MAX_WORDS = 200

/** Builds the renderer; templates are read when first used and kept. */
export function createMailRenderer(options: {
  readonly appName: string
  readonly directory?: string
}): MailRenderer {
  const directory = options.directory ?? TEMPLATES
  const cache = new Map<string, string>()
  const load = (file: string): string => {
    const source = cache.get(file) ?? readFileSync(join(directory, file), 'utf8')
    cache.set(file, source)
    return source
  }

  return {
    render: (name, variables) => {
      const values = { ...checkVariables(name, variables), app_name: cleanWords(options.appName, 'plain') }
      const [subjectLine = '', text = ''] = splitOnce(load(`${name}.txt`), '\n\n')
      if (!subjectLine.startsWith('Subject: ') || subjectLine.includes('\n')) {
        throw new MailTemplateError(`${name}.txt does not begin with a subject line and a blank line`)
      }
      const subject = shorten(fillTemplate(subjectLine.slice('Subject: '.length), values, 'text'))
      const [head = '', foot] = splitOnce(load('layout.html'), CONTENT)
      if (foot === undefined) throw new MailTemplateError(`layout.html has no ${CONTENT}`)
      const frame = { ...values, subject }
      const html = [head, load(`${name}.html`), foot]
        .map((part) => fillTemplate(part, frame, 'html'))
        .join('')
      return { subject, text: fillTemplate(text, values, 'text'), html }
    },
  }
}

/**
 * Replaces every `{{name}}`; for HTML the value is escaped, in quoted attributes too. There is nothing
 * else in the language: `{{{`, blanks, dots or blocks are errors, as is a name without a value.
 */
export function fillTemplate(
  template: string,
  values: Readonly<Record<string, string>>,
  as: 'text' | 'html',
): string {
  const rest = template.replace(/(?<!\{)\{\{[a-z][a-z0-9_]*\}\}(?!\})/g, '')
  if (/\{\{|\}\}/.test(rest)) throw new MailTemplateError('a template holds braces that are no {{name}}')
  return template.replace(/\{\{([a-z][a-z0-9_]*)\}\}/g, (_match, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined) throw new MailTemplateError(`the variable ${name} is missing`)
    return as === 'html' ? escapeHtml(value) : value
  })
}

function checkVariables(
  name: MailTemplateName,
  variables: Readonly<Record<string, string>>,
): Record<string, string> {
  const kinds: Readonly<Record<string, MailVariableKind>> = MAIL_TEMPLATES[name]
  for (const given of Object.keys(variables)) {
    if (!Object.hasOwn(kinds, given)) throw new MailTemplateError(`${name} has no variable ${given}`)
  }
  const entries = Object.entries(kinds).map(([variable, kind]) => {
    const value = variables[variable]
    if (typeof value !== 'string') throw new MailTemplateError(`${name} needs the variable ${variable}`)
    return [variable, kind === 'url' ? checkLink(variable, value) : cleanWords(value, kind)]
  })
  return Object.fromEntries(entries)
}

function checkLink(variable: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || value.length > 4096) {
    throw new MailTemplateError(`the variable ${variable} is not an http(s) address`)
  }
  // The parser's own spelling: no blanks or line breaks are left in it.
  return url.href
}

/**
 * One short line. What a person chose is not refused, or a strange name would stop a security mail; it
 * is kept from becoming a link of its own in clients that turn `evil.example` into one.
 */
function cleanWords(value: string, kind: 'name' | 'plain'): string {
  const line = shorten(value.replace(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim())
  return kind === 'plain'
    ? line
    : line.replace(/:\/\//g, ': //').replace(/(?<=[\p{L}\p{N}])([.@])(?=[\p{L}\p{N}])/gu, '$1\u2060')
}

function shorten(line: string): string {
  const letters = [...line]
  return letters.length <= MAX_WORDS ? line : `${letters.slice(0, MAX_WORDS - 1).join('')}…`
}

function escapeHtml(value: string): string {
  return value.replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`)
}

function splitOnce(text: string, by: string): string[] {
  const at = text.indexOf(by)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + by.length)]
}
