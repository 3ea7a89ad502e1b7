import type { Ctx } from '../../../kernel/context.js'
import type { InputProblem } from '../../../kernel/define-errors.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { checkWords, compileWords } from '../../../messages/compile-words.js'
import { MailCompileError } from '../../../messages/mail/mail-compiler.js'
import type { CompiledWords, MessageWords } from '../../../messages/message-words.js'
import type { Variables } from '../../../messages/variables.js'
import { templateErrors } from '../errors/templates.js'
import { unfit } from '../rules/example-problems.js'
import { mailCompiler } from '../template-state.js'

/** Mail programs cut what is longer, and with it whatever stands at its foot. */
const MAIL_MAX = 100_000

/**
 * Compiles what a tenant wrote in one locale, in the compiler's own thread. Throws DraftInvalid with all that is wrong
 * with it, or Unavailable where too much waits to be compiled.
 */
export async function compileDraft(
  ctx: Ctx,
  locale: string,
  words: MessageWords,
  variables: Variables,
): Promise<CompiledWords> {
  const problems = problemsOf(locale, words, variables)
  if (problems.length > 0) throw new templateErrors.DraftInvalid({ problems })
  try {
    const compiled = await compileWords(words, locale, (tree) => ctx.state(mailCompiler).compile(tree))
    if ((compiled.email?.html.length ?? 0) <= MAIL_MAX) return compiled
  } catch (error) {
    if (!(error instanceof MailCompileError)) throw error
    if (error.reason === 'busy') throw new kernelErrors.Unavailable({ what: 'The compiler of mails' })
    ctx.log.warn({ err: error }, 'a mail was not compiled')
  }
  const message = `It is too much: a mail has at most ${MAIL_MAX} characters of HTML.`
  throw new templateErrors.DraftInvalid({ problems: [unfit(`/${locale}/email/body`, message)] })
}

/** All that is wrong with the words of a locale, before anything is compiled. */
export function problemsOf(locale: string, words: MessageWords, variables: Variables): InputProblem[] {
  return checkWords(words, variables).map(({ pointer, message }) => unfit(`/${locale}${pointer}`, message))
}
