import { COMMON_VARIABLES } from './common-variables.js'
import { layoutOf } from './layout.js'
import type { MailBody } from './mail/compile-mail.js'
import { addressProblem, addressWords } from './markup/address.js'
import { checkMarkup } from './markup/check-markup.js'
import { MarkupError, type MarkupNode, parseMarkup } from './markup/parse-markup.js'
import { type MjmlNode, toMjml } from './markup/to-mjml.js'
import type { CompiledWords, MessageWords } from './message-words.js'
import type { Variables } from './variables.js'
import { parseWords, type Scope, WordsError } from './words.js'

/** One place of the words that was refused; `pointer` is an RFC 6901 pointer into them. */
export interface WordsProblem {
  pointer: string
  message: string
}

/** Makes HTML and text of the tree of a mail: in this thread while building, in one of its own while serving. */
export type CompileMail = (tree: MjmlNode) => Promise<MailBody>

/** All that is wrong with the words of one locale: their language, their markup, variables that are not declared. */
export function checkWords(words: MessageWords, variables: Variables): WordsProblem[] {
  const scope = { ...COMMON_VARIABLES, ...variables }
  const problems: WordsProblem[] = []
  const { body, ...mail } = { ...words.email }
  const { action_url, ...inApp } = { ...words.in_app }
  const { url, ...push } = { ...words.push }
  const texts: Record<string, Record<string, string | undefined>> = {
    email: mail,
    in_app: inApp,
    sms: { ...words.sms },
    push,
  }
  for (const [channel, fields] of Object.entries(texts)) {
    for (const [field, text] of Object.entries(fields)) {
      problems.push(...textProblems(`/${channel}/${field}`, text, scope))
    }
  }
  problems.push(...addressProblems('/in_app/action_url', action_url, scope))
  problems.push(...addressProblems('/push/url', url, scope))
  if (body !== undefined) problems.push(...bodyProblems(body, scope))
  return problems
}

/** Compiles words that were checked. */
export async function compileWords(
  words: MessageWords,
  locale: string,
  compileMail: CompileMail,
): Promise<CompiledWords> {
  const { email, in_app: inApp, sms, push } = words
  return {
    ...(email
      ? {
          email: {
            subject: email.subject,
            preheader: email.preheader ?? '',
            ...(await compileMail(toMjml(layoutOf(locale), parseMarkup(email.body), locale))),
          },
        }
      : {}),
    ...(inApp ? { in_app: { ...inApp, action_url: maybeAddress(inApp.action_url) } } : {}),
    ...(sms ? { sms } : {}),
    ...(push ? { push: { ...push, url: maybeAddress(push.url) } } : {}),
  }
}

function maybeAddress(source: string | undefined): string | null {
  return source === undefined ? null : addressWords(source)
}

function textProblems(pointer: string, text: string | undefined, scope: Scope): WordsProblem[] {
  try {
    parseWords(text ?? '', scope)
    return []
  } catch (error) {
    if (!(error instanceof WordsError)) throw error
    return [{ pointer, message: `The text ${error.message}.` }]
  }
}

function addressProblems(pointer: string, source: string | undefined, scope: Scope): WordsProblem[] {
  const problem = source === undefined ? undefined : addressProblem(source, scope)
  return problem === undefined ? [] : [{ pointer, message: `It ${problem}.` }]
}

function bodyProblems(body: string, scope: Scope): WordsProblem[] {
  const pointer = '/email/body'
  let nodes: MarkupNode[]
  try {
    nodes = parseMarkup(body)
  } catch (error) {
    if (!(error instanceof MarkupError)) throw error
    return [{ pointer, message: `Line ${error.line}: ${error.problem}.` }]
  }
  return checkMarkup(nodes, scope).map(({ line, message }) => ({
    pointer,
    message: `Line ${line}: ${message}`,
  }))
}
