import type { ConfigProblem } from '../deployment/schema.js'
import { count } from './format.js'
import type { View } from './view.js'

/** Whether a vetrai.yml is valid, and what is wrong with it. */
export interface ConfigVerdict {
  path: string
  valid: boolean
  problems: ConfigProblem[]
}

/** One line for each problem, with its path; one sentence when there is none. */
export const configVerdictView: View<ConfigVerdict> = ({ path, valid, problems }, paint) => {
  if (valid) return `${paint.green('✓')} ${path} is valid.`
  const lines = problems.map((problem) => `  ${paint.bold(problem.path || '(file)')}: ${problem.message}`)
  return [`${paint.red('✗')} ${path} has ${count(problems.length, 'problem')}:`, ...lines].join('\n')
}
