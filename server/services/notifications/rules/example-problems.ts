import type { InputProblem } from '../../../kernel/define-errors.js'
import { fitData } from '../../../messages/fit-data.js'
import type { CompiledWords } from '../../../messages/message-words.js'
import { MessageText } from '../../../messages/render-content.js'
import { SMS_SEGMENTS_MAX, smsSize } from '../../../messages/sms.js'
import { PLAIN_THEME, themeView } from '../../../messages/theme.js'
import { exampleData, type Variables } from '../../../messages/variables.js'

/** The line of each channel that must not be empty. */
const TITLES = [
  ['email', 'subject'],
  ['in_app', 'title'],
  ['push', 'title'],
] as const

/** What is wrong with the message that a locale's words make of the examples: no title, too many segments of SMS. */
export function exampleProblems(
  locale: string,
  compiled: CompiledWords,
  variables: Variables,
): InputProblem[] {
  const how = { locale, timeZone: 'UTC', words: {}, extras: 'refuse' } as const
  const data = fitData(variables, exampleData(variables), how)
  const view = { ...data, ...themeView(PLAIN_THEME, 'Example'), unsubscribe_url: null }
  const text = new MessageText(compiled)
  const problems: InputProblem[] = []
  for (const [channel, field] of TITLES) {
    const content: Record<string, unknown> | null = text.render(channel, view)
    if (content?.[field] === '') {
      problems.push(unfit(`/${locale}/${channel}/${field}`, 'With the examples it is empty.'))
    }
  }
  if (smsSize(text.fullSms(view)).segments > SMS_SEGMENTS_MAX) {
    const message = `With the examples it takes more than ${SMS_SEGMENTS_MAX} segments.`
    problems.push(unfit(`/${locale}/sms/text`, message))
  }
  return problems
}

/** A place of a draft that was refused. */
export function unfit(pointer: string, message: string): InputProblem {
  return { pointer, code: 'unfit', message }
}
