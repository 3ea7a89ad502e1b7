import { type Check, fail, ok, warn } from './check.js'

const HEX_32 = /^[0-9a-f]{64}$/

/** Every secret is there and has the form it was made with; none is shown. */
export const secrets: Check = {
  name: 'secrets',
  title: 'Secrets',
  stages: ['up', 'doctor'],
  remedy: 'Put the files back from a backup of the secrets folder; without them data cannot be read.',
  run: async ({ deployment }) => {
    if (deployment === undefined) return undefined
    const [{ GENERATED_SECRETS, isAddedLater }, { isWellFormedToken }, { rotatingSecrets }] =
      await Promise.all([
        import('../deployment/secrets.js'),
        import('../deployment/operator-token.js'),
        import('../deployment/rotating-secret.js'),
      ])
    const rotating = await rotatingSecrets(deployment.secrets)
    const problems: string[] = []
    const younger: string[] = []
    for (const name of GENERATED_SECRETS) {
      const value = await deployment.secrets.find(name)
      if (value === undefined && isAddedLater(name)) younger.push(name)
      else if (value === undefined) problems.push(`${name} is missing`)
      else if (name === 'operator-token' && !isWellFormedToken(value)) problems.push(`${name} is damaged`)
      else if (name === 'master-key' && !HEX_32.test(value)) problems.push(`${name} is damaged`)
    }
    if (problems.length === 0 && rotating.length > 0)
      return warn(`half rotated: ${rotating.join(', ')}`, 'Settle it with: vetrai up')
    if (problems.length === 0 && younger.length > 0)
      return warn(`not made yet: ${younger.join(', ')}`, 'They are made by: vetrai up')
    return problems.length === 0
      ? ok(`${GENERATED_SECRETS.length} secrets are in place`)
      : fail(problems.join('; '))
  },
}
