import { isDeepStrictEqual } from 'node:util'
import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { writeRecoveryKit } from '../deployment/recovery-folder.js'
import { isTargetSecret, type TargetSecret, targetSecret } from '../deployment/secrets.js'

/** One setting and its value with the default filled in; null when unset. */
export interface ConfigValue {
  path: string
  value: unknown
}

/** What a change left. */
export interface ConfigChange extends ConfigValue {
  changed: boolean
}

/** The secrets that an operator brings; the others are generated and not to be set. */
const BROUGHT_SECRETS = [
  ...(['smtp-password', 's3-secret-key'] as const),
  ...(['external-postgres-password', 'external-redis-password'] as const),
] as const
export type BroughtSecret = (typeof BROUGHT_SECRETS)[number] | TargetSecret

/** Reads a setting by its dotted path. */
export function readConfigValue(deployment: Deployment, path: string): ConfigValue {
  return { path, value: deployment.get(path) ?? null }
}

/** Sets a setting, or with undefined removes it, and answers what holds now. */
export async function changeConfigValue(
  deployment: Deployment,
  path: string,
  value: string | undefined,
): Promise<ConfigChange> {
  const before = structuredClone(readConfigValue(deployment, path).value)
  await deployment.set(path, value)
  await writeRecoveryKit(deployment)
  const after = readConfigValue(deployment, path).value
  return { path, value: after, changed: !isDeepStrictEqual(before, after) }
}

/** Stores a secret of the operator's; it is never shown again. */
export async function changeSecret(
  deployment: Deployment,
  name: BroughtSecret,
  value: string,
): Promise<ConfigChange> {
  const before = await deployment.secrets.find(name)
  if (before !== value) await deployment.secrets.write(name, value)
  await writeRecoveryKit(deployment)
  return { path: `secrets.${name}`, value: null, changed: before !== value }
}

/** The secret a path such as `secrets.smtp-password` names; undefined for a setting. A generated one is refused. */
export function secretOf(path: string): BroughtSecret | undefined {
  if (!path.startsWith('secrets.')) return undefined
  const name = path.slice('secrets.'.length)
  const brought = isTargetSecret(name) ? name : BROUGHT_SECRETS.find((secret) => secret === name)
  if (brought) return brought
  throw new CliError({
    code: 'secret_not_settable',
    message: `The secret ${name} is not one that is set by hand.`,
    next: `These are: ${[...BROUGHT_SECRETS, targetSecret('TARGET')].map((secret) => `secrets.${secret}`).join(', ')}`,
    exitCode: 4,
  })
}
