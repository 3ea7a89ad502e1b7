import { isSuperusers } from '../runtimes/database-roles.js'
import type { AcceptedSecret } from '../runtimes/runtime.js'
import { type Check, type Finding, fail, ok } from './check.js'

/** The database accepts the passwords that the secrets hold. */
export const signIn: Check = {
  name: 'sign-in',
  title: 'Database passwords',
  stages: ['doctor'],
  remedy: 'Set the roles of the database to what the secrets say: vetrai secrets repair',
  run: async ({ deployment, runtime, status }) => {
    const isStopped = status?.components.some(({ name, state }) => name === 'postgres' && state !== 'running')
    if (!deployment || !status || isStopped || !runtime?.acceptedSecrets) return undefined
    return judgeSecrets(await runtime.acceptedSecrets(deployment))
  },
}

/** Judges what the database said to each password. The superuser's is what the others are repaired with. */
export function judgeSecrets(tried: readonly AcceptedSecret[]): Finding {
  const refused = tried.filter(({ accepted }) => !accepted)
  if (refused.length === 0) return ok(`all ${tried.length} are accepted`)
  const words = refused.map(({ secret, detail }) => `${secret} is refused${detail ? ` (${detail})` : ''}`)
  const superuser = refused.find(({ secret }) => isSuperusers(secret))?.secret
  if (!superuser) return fail(words.join('; '))
  return fail(
    words.join('; '),
    `Put secrets/${superuser} back from a backup of the secrets folder: without it no role can be repaired.`,
  )
}
