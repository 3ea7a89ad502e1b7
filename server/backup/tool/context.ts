import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSettings } from '../../config/config.js'
import { backupToolSettings } from '../../config/settings.js'
import type { ObjectStore } from '../../storage/object-store/object-store.js'
import { openObjectStore } from '../../storage/object-store/open-object-store.js'
import { BackupError } from '../backup-error.js'
import type { Opening, Sealing } from '../codec/sealing.js'
import type { DatabaseLogin } from '../database/open-client.js'
import { KIT_FILE, type RecoverySettings, readRecoverySettings } from '../recovery-settings.js'
import { openArchive } from '../stores/archive-file.js'
import type { BackupStore } from '../stores/backup-store.js'
import { openTarget, type TargetDescription } from '../stores/open-target.js'
import type { Keys, Source } from './requests.js'
import type { Talk } from './talk.js'

type Settings = ReturnType<typeof readSettings<typeof backupToolSettings>>

/** What verbs work with: each part is opened when it is asked for, since some verbs need no database and some no settings. */
export class ToolContext {
  readonly #opened: { close(): Promise<void> }[] = []
  #settings: Settings | undefined
  #recovery: Promise<RecoverySettings> | undefined

  constructor(
    private readonly env: NodeJS.ProcessEnv,
    readonly talk: Talk,
    readonly signal: AbortSignal,
  ) {}

  /** Settings of the environment; ConfigError says what is wrong with them. */
  get settings(): Settings {
    this.#settings ??= readSettings(backupToolSettings, this.env)
    return this.#settings
  }

  /** Where backups go, and for whom they are sealed. */
  recovery(): Promise<RecoverySettings> {
    this.#recovery ??= readRecoverySettings(this.env.BACKUP_RECOVERY_PATH)
    return this.#recovery
  }

  /** A target by its name; the first one where none is named. */
  async target(name: string | null = null): Promise<BackupStore> {
    const { targets } = await this.recovery()
    const target = name === null ? targets[0] : targets.find((one) => one.name === name)
    if (target) return this.#keep(await openTarget(await described(target)))
    throw new BackupError({
      code: 'target_unknown',
      message: `There is no target "${name}".`,
      next: `Name one of: ${targets.map((one) => one.name).join(', ')}. They stand in vetrai.yml under backup.targets.`,
    })
  }

  /** Names of all targets, the first one first. */
  async targetNames(): Promise<string[]> {
    return (await this.recovery()).targets.map(({ name }) => name)
  }

  /** The place that a request names to read a backup from. */
  async source(source: Source): Promise<BackupStore> {
    if ('file' in source) return this.#keep(await openArchive(source.file))
    if ('folder' in source) return this.#keep(await openTarget({ name: 'source', folder: source.folder }))
    if ('s3' in source) return this.#keep(await openTarget({ name: 'source', s3: source.s3 }))
    return this.target(source.target ?? null)
  }

  /** What opens archives: the keys of the request, and those of the deployment itself. */
  opening(keys: Keys): Opening {
    if (keys.passphrase !== undefined) return { passphrase: keys.passphrase }
    const own = this.env.BACKUP_KEY_FILE || this.env.BACKUP_KEY ? this.settings.BACKUP_KEY : undefined
    return { identities: [...(keys.identities ?? []), ...(own?.split('\n') ?? [])] }
  }

  /** For whom archives are sealed: the passphrase of the request, or everybody who is to read this deployment's backups. */
  async sealing({ passphrase }: { passphrase?: string | undefined }): Promise<Sealing> {
    if (passphrase !== undefined) return { passphrase }
    const { recipients } = await this.recovery()
    const [own] = this.settings.BACKUP_KEY?.split('\n') ?? []
    const all = [
      ...recipients,
      ...(own === undefined ? [] : [await (await import('age-encryption')).identityToRecipient(own)]),
    ]
    if (all.length > 0) return { recipients: [...new Set(all)] }
    throw new BackupError({
      code: 'no_recipient',
      message: 'There is no key that this backup could be sealed for.',
      next: 'Make one with: vetrai backup recovery-key',
    })
  }

  /** The sealed configuration and secrets; undefined where the command line left none. */
  async kit(): Promise<Buffer | undefined> {
    const folder = this.env.BACKUP_RECOVERY_PATH
    if (folder === undefined) return undefined
    return readFile(join(folder, KIT_FILE)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
  }

  /** The object store of the deployment. */
  async objects(): Promise<ObjectStore> {
    return this.#keep(openObjectStore(this.settings, randomBytes(32).toString('hex')))
  }

  /** Who reads the database, and owns scratch databases. */
  get backupLogin(): DatabaseLogin {
    return this.#login('vetrai_backup', this.settings.DATABASE_BACKUP_PASSWORD, 'DATABASE_BACKUP_PASSWORD')
  }

  /** Who owns the schema of the living database. */
  get ownerLogin(): DatabaseLogin {
    return this.#login('vetrai_owner', this.settings.DATABASE_OWNER_PASSWORD, 'DATABASE_OWNER_PASSWORD')
  }

  /** Who reads and writes rows across tenants. */
  get systemLogin(): DatabaseLogin {
    return this.#login('vetrai_system', this.settings.DATABASE_SYSTEM_PASSWORD, 'DATABASE_SYSTEM_PASSWORD')
  }

  /** Who makes, renames and drops databases. */
  get adminLogin(): DatabaseLogin {
    const { DATABASE_URL: url, DATABASE_ADMIN_USER: role, DATABASE_ADMIN_PASSWORD: password } = this.settings
    return { url, role, password, database: 'postgres' }
  }

  /** Lets go of all that was opened. */
  async close(): Promise<void> {
    this.talk.end()
    await Promise.allSettled(this.#opened.map((one) => one.close()))
  }

  #login(role: string, password: string | undefined, setting: string): DatabaseLogin {
    if (password !== undefined) return { url: this.settings.DATABASE_URL, role, password }
    throw new BackupError({
      code: 'password_missing',
      message: `${setting} is not given, so nobody can sign in as ${role}.`,
      next: 'Bring the deployment to this version with: vetrai up',
    })
  }

  #keep<T extends { close(): Promise<void> }>(opened: T): T {
    this.#opened.push(opened)
    return opened
  }
}

async function described(target: RecoverySettings['targets'][number]): Promise<TargetDescription> {
  if ('folder' in target) return target
  const { secret_key_file: file, ...s3 } = target.s3
  const secret = await readFile(file, 'utf8').catch(() => {
    throw new BackupError({
      code: 'target_secret_missing',
      message: `The secret key of the target "${target.name}" is missing.`,
      next: `Put it into the file secrets/backup-${target.name}-secret-key, then: vetrai up`,
    })
  })
  return { name: target.name, s3: { ...s3, secret_key: secret.trim() } }
}
