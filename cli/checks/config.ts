import { type Check, fail, ok } from './check.js'

/** vetrai.yml can be read and every value in it makes sense. */
export const config: Check = {
  name: 'config',
  title: 'Configuration',
  stages: ['up', 'doctor'],
  remedy: 'Correct vetrai.yml: vetrai config edit',
  run: async ({ configProblems }) => {
    if (configProblems === undefined) return undefined
    if (configProblems.length === 0) return ok('vetrai.yml is valid')
    return fail(
      configProblems.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; '),
    )
  },
}
