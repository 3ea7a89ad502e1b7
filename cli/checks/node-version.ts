import { type Check, fail, ok, warn } from './check.js'

const LEAST = [20, 19] as const

/** Node is new enough to run the server. */
export const nodeVersion: Check = {
  name: 'node',
  title: 'Node.js version',
  stages: ['up', 'doctor'],
  remedy: `Install Node.js ${LEAST.join('.')} or later.`,
  run: async () => judgeNodeVersion(process.versions.node),
}

/** Judges a version such as `20.19.0`; odd majors are never long-term releases. */
export function judgeNodeVersion(version: string) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
    return fail(`${version} is older than ${LEAST.join('.')}`)
  }
  if (major % 2 === 1)
    return warn(`${version} is not a long-term release`, 'Prefer an even major of Node.js.')
  return ok(version)
}
