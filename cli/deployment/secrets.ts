import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateIdentity } from './age-keys.js'
import { atomicWrite, ensureDirectory } from './atomic-write.js'
import { CliError, isSystemError } from './errors.js'
import { createOperatorToken } from './operator-token.js'

const hex32 = () => randomBytes(32).toString('hex')
const base64url24 = () => randomBytes(24).toString('base64url')
/** Keys that were: old backups are sealed for them. The new one stands first, and is the one that new backups are sealed for. */
const withFormer = async (former?: string) =>
  [await generateIdentity(), ...(former === undefined ? [] : [former])].join('\n')

/** What makes each secret of a new deployment. All are letters, digits, - and _: safe in any shell, URL and file. */
const GENERATORS = {
  'master-key': hex32,
  'postgres-superuser-password': hex32,
  'database-owner-password': hex32,
  'database-app-password': hex32,
  'database-system-password': hex32,
  'database-monitor-password': hex32,
  'redis-password': hex32,
  'object-store-secret-key': hex32,
  'metrics-token': hex32,
  'grafana-admin-password': base64url24,
  'operator-password': base64url24,
  'operator-token': createOperatorToken,
  'fingerprint-key': hex32,
  'database-backup-password': hex32,
  'backup-key': withFormer,
  'wal-cipher-key': hex32,
} as const

/** What deployments of earlier versions lack: made when it is missing, and nothing is lost by that. */
const ADDED_LATER = [
  'database-backup-password',
  'backup-key',
  'wal-cipher-key',
] as const satisfies readonly GeneratedSecret[]

export type GeneratedSecret = keyof typeof GENERATORS
/** Passwords of other people's servers: they come from the operator and exist only when given. */
const GIVEN = [
  'smtp-password',
  's3-secret-key',
  'external-postgres-password',
  'external-redis-password',
] as const

/** The secret key of an S3 target of backups, by the name of the target. */
export type TargetSecret = `backup-${string}-secret-key`
const TARGET_SECRET = /^backup-[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?-secret-key$/

export type SecretName = GeneratedSecret | (typeof GIVEN)[number] | TargetSecret

export const GENERATED_SECRETS = Object.keys(GENERATORS) as GeneratedSecret[]

const LINE = /^[^\r\n\0]{1,4096}$/
const KEYS = /^AGE-SECRET-KEY-1[A-Z0-9]{58}(\nAGE-SECRET-KEY-1[A-Z0-9]{58})*$/

/** Makes a fresh value for a secret. Of some the present value stays a part of it. */
export async function generateSecret(name: GeneratedSecret, present?: string): Promise<string> {
  return name === 'backup-key' ? withFormer(present) : GENERATORS[name]()
}

/** Tells whether a deployment of an earlier version may lack a secret that `up` makes. */
export function isAddedLater(name: SecretName): boolean {
  return ADDED_LATER.some((one) => one === name)
}

/** Name of the secret that holds the secret key of an S3 target. */
export function targetSecret(target: string): TargetSecret {
  return `backup-${target}-secret-key`
}

/** Tells whether this is the name of the secret of an S3 target. */
export function isTargetSecret(name: string): name is TargetSecret {
  return TARGET_SECRET.test(name)
}

/** The secrets of one deployment: one file each, mode 0600 in a folder of mode 0700. */
export class Secrets {
  constructor(readonly folder: string) {}

  path(name: SecretName): string {
    return join(this.folder, name)
  }

  /** Where the other value of a secret lies while it is rotated. */
  previousPath(name: SecretName): string {
    return join(this.previousFolder(name), name)
  }

  /** What servers may read lies apart, so that they can be handed its folder. */
  previousFolder(name: SecretName): string {
    const previous = join(this.folder, 'previous')
    return name === 'master-key' ? join(previous, 'server') : previous
  }

  /** Reads a secret; a missing or empty one is a CliError `secret_missing`. */
  async read(name: SecretName): Promise<string> {
    const value = await this.find(name)
    if (value !== undefined) return value
    throw new CliError({
      code: 'secret_missing',
      message: `The secret ${name} is missing from ${this.folder}.`,
      next: `Put it back from a backup: ${this.path(name)} holds one line and has mode 0600.`,
    })
  }

  /** Reads a secret; undefined when it is missing or empty. */
  find(name: SecretName): Promise<string | undefined> {
    return readSecretFile(this.path(name))
  }

  /** Stores a secret atomically, readable by its owner only. */
  async write(name: SecretName, value: string): Promise<void> {
    if (!(name === 'backup-key' ? KEYS : LINE).test(value)) {
      throw new CliError({
        code: 'secret_invalid',
        message: `The secret ${name} must be one line of 1 to 4096 characters.`,
        next: 'Give another value.',
        exitCode: 2,
      })
    }
    await ensureDirectory(this.folder, 0o700)
    await atomicWrite(this.path(name), `${value}\n`, 0o600)
  }

  /** Generates what is missing; existing secrets are never touched. */
  async generateMissing(given: Partial<Record<SecretName, string>> = {}): Promise<void> {
    for (const [name, value] of Object.entries(given)) {
      if (value !== undefined && isSecretName(name)) await this.write(name, value)
    }
    for (const name of GENERATED_SECRETS) {
      if ((await this.find(name)) === undefined) await this.write(name, await generateSecret(name))
    }
  }

  /** Generates what a deployment of an earlier version lacks; nothing where its secrets are lost, which must come back as they were. */
  async generateAddedLater(): Promise<void> {
    if ((await this.find('master-key')) === undefined) return
    for (const name of ADDED_LATER) {
      if ((await this.find(name)) === undefined) await this.write(name, await generateSecret(name))
    }
  }
}

/** Reads what a secret's file says; undefined when it is missing or empty. */
export async function readSecretFile(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim() || undefined
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Tells whether this is the name of a secret. */
export function isSecretName(name: string): name is SecretName {
  return Object.hasOwn(GENERATORS, name) || GIVEN.some((given) => given === name) || isTargetSecret(name)
}
