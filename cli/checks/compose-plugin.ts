import { type Check, type Finding, fail, ok } from './check.js'
import { isOlder } from './versions.js'

const LEAST = [2, 20] as const

/** The Compose plugin is there and knows what the rendered file asks of it. */
export const composePlugin: Check = {
  name: 'compose',
  title: 'Docker Compose',
  stages: ['up', 'doctor'],
  remedy: `Install the Compose plugin ${LEAST.join('.')} or later: docs.docker.com/compose/install`,
  run: async ({ engine }) => {
    if (engine === undefined) return undefined
    const { composeVersion } = await import('../clients/compose.js')
    return judgeCompose(await composeVersion())
  },
}

/** Judges the plugin's version; undefined is none. */
export function judgeCompose(version: string | undefined): Finding {
  if (version === undefined) return fail('the command `docker compose` is not there')
  return isOlder(version, LEAST) ? fail(`${version} is older than ${LEAST.join('.')}`) : ok(version)
}
