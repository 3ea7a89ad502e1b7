import type { Paint } from './paint.js'

interface ShownError {
  code: string
  message: string
  next: string
  request_id?: string
}

/** A failure in text: what went wrong, what to do next, and the names to quote when asking for help. */
export function errorView(error: ShownError, paint: Paint): string {
  const [first = '', ...rest] = error.message.split('\n')
  const quote = [error.code, error.request_id && `request ${error.request_id}`].filter(Boolean).join(', ')
  return [
    `${paint.red('✗')} ${paint.bold(first)}`,
    ...rest.map((line) => `  ${line}`),
    ...error.next.split('\n').map((line, at) => `  ${at === 0 ? paint.cyan('→') : ' '} ${line}`),
    `  ${paint.dim(`(${quote})`)}`,
  ].join('\n')
}
