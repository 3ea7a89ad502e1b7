import { kernelErrors } from '../../../kernel/errors.js'
import { fitData, MessageDataError } from '../../../messages/fit-data.js'
import { exampleData, type Variables } from '../../../messages/variables.js'

/** Throws where an example does not fit its variable: previews and the checks of publishing stand on them. */
export function checkExamples(variables: Variables): void {
  const how = { locale: 'en', timeZone: 'UTC', words: {}, extras: 'refuse' } as const
  try {
    fitData(variables, exampleData(variables), how)
  } catch (error) {
    if (!(error instanceof MessageDataError)) throw error
    const [name = ''] = error.variable.split(/[.[]/)
    const problem = { pointer: `/variables/${name}/example`, code: 'unfit', message: error.message }
    throw new kernelErrors.Invalid({ problems: [problem] })
  }
}
