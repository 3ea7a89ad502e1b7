import { readdir, readFile } from 'node:fs/promises'
import { identitiesIn, recipientOf } from './age-keys.js'
import type { Deployment } from './deployment.js'
import { CliError, isSystemError } from './errors.js'
import type { DeploymentLock } from './lock-file.js'
import { isSecretName } from './secrets.js'

/** All of a deployment that is neither in its database nor in its object store: what a lost host took with it. */
export interface RecoveryKit {
  version: 1
  /** Text of vetrai.yml. */
  config: string
  /** Text of compose.override.yaml; null where there is none. */
  override: string | null
  lock: DeploymentLock
  /** Values of the secrets by name. */
  secrets: Record<string, string>
}

const LARGEST = 4 * 1024 * 1024

/** Reads the kit of a deployment as its files are now. Holds every secret: never write it anywhere but sealed. */
export async function readKit({ paths, secrets, lock }: Deployment): Promise<RecoveryKit> {
  const names = (await readdir(paths.secrets)).filter(isSecretName).sort()
  const values: [string, string][] = []
  for (const name of names) {
    const value = await secrets.find(name)
    if (value !== undefined) values.push([name, value])
  }
  return {
    version: 1,
    config: await readFile(paths.config, 'utf8'),
    override: await textOf(paths.composeOverride),
    lock,
    secrets: Object.fromEntries(values),
  }
}

/** For whom a deployment seals its kit: the recovery key, further recipients, and the backup key of its own. */
export async function kitRecipients({ config, secrets }: Deployment): Promise<string[]> {
  const { recovery, recipients } = config.backup
  const [own] = identitiesIn((await secrets.find('backup-key')) ?? '')
  const all = [recovery, ...recipients, own === undefined ? undefined : await recipientOf(own)]
  return [...new Set(all.filter((one) => one !== undefined))]
}

/** Seals a kit so that whoever holds a key of one of the recipients opens it, and nobody else. */
export async function sealKit(kit: RecoveryKit, recipients: readonly string[]): Promise<Uint8Array> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  return encrypter.encrypt(JSON.stringify(kit))
}

/** Opens a sealed kit with one of the identities; CliError `kit_sealed` when none fits, `kit_damaged` when it is no whole kit. */
export async function openKit(sealed: Uint8Array, identities: readonly string[]): Promise<RecoveryKit> {
  if (sealed.length > LARGEST) throw damaged('it is larger than a kit can be')
  const kit = parseKit(await unseal(sealed, identities))
  if (kit) return kit
  throw damaged('it holds something else than a kit of this format')
}

async function unseal(sealed: Uint8Array, identities: readonly string[]): Promise<string> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  for (const identity of identities) addIdentity(decrypter, identity)
  try {
    return await decrypter.decrypt(sealed, 'text')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (!/no identity matched/i.test(reason)) throw damaged(reason)
    throw new CliError({
      code: 'kit_sealed',
      message: 'None of the given keys opens this backup.',
      next: 'Give the recovery key that was printed when the deployment was made: --identity-file FILE',
      exitCode: 4,
    })
  }
}

function addIdentity(decrypter: { addIdentity(identity: string): void }, identity: string): void {
  try {
    decrypter.addIdentity(identity)
  } catch {
    // The library's own words could repeat the key.
    throw new CliError({
      code: 'identity_invalid',
      message: 'What was given as a key is none.',
      next: 'A recovery key is one line that begins with AGE-SECRET-KEY-1.',
      exitCode: 2,
    })
  }
}

function parseKit(text: string): RecoveryKit | undefined {
  const value = parseObject(text)
  if (value?.version !== 1 || typeof value.config !== 'string') return undefined
  const { config, override, lock, secrets } = value
  if (override !== null && typeof override !== 'string') return undefined
  if (!isObject(lock) || !isObject(secrets)) return undefined
  const values = Object.entries(secrets)
  if (!values.every(([name, secret]) => isSecretName(name) && typeof secret === 'string')) return undefined
  return {
    ...{ version: 1, config, override },
    lock: lock as unknown as DeploymentLock,
    secrets: Object.fromEntries(values) as Record<string, string>,
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return null
    throw error
  }
}

function damaged(why: string): CliError {
  return new CliError({
    code: 'kit_damaged',
    message: `The sealed configuration is damaged: ${why}.`,
    next: 'Use another copy of the backup, or another backup: vetrai backup list',
  })
}
