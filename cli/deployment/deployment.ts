import { mkdir, readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ensureDirectory } from './atomic-write.js'
import { ConfigFile } from './config-file.js'
import { CliError, isSystemError } from './errors.js'
import { Journal } from './journal.js'
import { type DeploymentLock, readLock, writeLock } from './lock-file.js'
import { acquireLock } from './owner-lock.js'
import { type DeploymentPaths, deploymentPaths } from './paths.js'
import type { DeploymentConfig } from './schema.js'
import { type SecretName, Secrets } from './secrets.js'
import { localUrl, migrateEnv, publicUrl, type StoreAddresses, serverEnv } from './server-env.js'

/** Opens an existing deployment: CliError `config_missing`, `config_invalid` or `lock_invalid` when it cannot be. */
export async function openDeployment(dir: string): Promise<Deployment> {
  const absolute = resolve(dir)
  const paths = deploymentPaths(absolute)
  const config = await openConfig(paths)
  const lock = await readLock(paths.lock)
  if (lock) return new Deployment(absolute, config, lock)
  throw new CliError({
    code: 'lock_missing',
    message: `${paths.lock} is missing, so this directory is not a whole deployment.`,
    next: 'Put lock.json back from a backup, or create a deployment elsewhere with: vetrai init --dir DIR',
  })
}

/** One installed VetrAI: its directory, configuration, secrets and memory of what it uses. */
export class Deployment {
  readonly paths: DeploymentPaths
  readonly secrets: Secrets
  readonly journal: Journal

  constructor(
    readonly dir: string,
    private file: ConfigFile,
    private lockState: DeploymentLock,
  ) {
    this.paths = deploymentPaths(dir)
    this.secrets = new Secrets(this.paths.secrets)
    this.journal = new Journal(this.paths.journal)
  }

  /** Random id that never changes; names what lives outside the directory. */
  get id(): string {
    return this.lockState.id
  }

  get name(): string {
    return this.config.name
  }

  /** The whole configuration, defaults filled in. */
  get config(): DeploymentConfig {
    return this.file.values
  }

  /** URL under which people reach the deployment, without a trailing slash. */
  get publicUrl(): string {
    return publicUrl(this.config)
  }

  /** URL of the server on this host, without a trailing slash; admin commands use it. */
  get localUrl(): string {
    return localUrl(this.config)
  }

  /** What the deployment uses: ports, versions, folders outside. */
  get lock(): DeploymentLock {
    return this.lockState
  }

  /** Value at a dotted path, defaults filled in; undefined when unset. */
  get(path: string): unknown {
    return this.file.get(path)
  }

  /** Sets one value (undefined removes it) and saves; nothing is written unless the whole file stays valid. */
  async set(path: string, value: unknown): Promise<void> {
    await this.file.set(path, value)
  }

  /** Sets several values that are valid only together. */
  async setMany(changes: Record<string, unknown>): Promise<void> {
    await this.file.setMany(changes)
  }

  /** Reads a secret; CliError `secret_missing` when there is none. */
  async secret(name: SecretName): Promise<string> {
    return this.secrets.read(name)
  }

  /** Environment of the server program; secrets appear as NAME_FILE only. */
  async serverEnv(addresses: StoreAddresses = {}): Promise<NodeJS.ProcessEnv> {
    return serverEnv({ config: this.config, paths: this.paths, secrets: this.secrets, addresses })
  }

  /** Environment of the migrate program; secrets appear as NAME_FILE only. */
  async migrateEnv(addresses: StoreAddresses = {}): Promise<NodeJS.ProcessEnv> {
    return migrateEnv({ config: this.config, paths: this.paths, secrets: this.secrets, addresses })
  }

  /** Changes lock.json atomically. Call it under `withLock`. */
  async updateLock(change: (lock: DeploymentLock) => DeploymentLock): Promise<void> {
    const next = change(structuredClone(this.lockState))
    await writeLock(this.paths.lock, next)
    this.lockState = next
  }

  /**
   * Runs work as the only one who changes this deployment, on any terminal, on what its files say then. A lock left by a dead
   * process is taken over. CliError `deployment_busy` (exit 3) when another still works after `waitMs`.
   */
  async withLock<T>(purpose: string, work: () => Promise<T>, waitMs = 0): Promise<T> {
    await ensureDirectory(this.paths.run)
    const taken = await acquireLock(`${this.paths.run}/operation.lock`, purpose, waitMs)
    if ('heldBy' in taken) {
      const { purpose: other, pid, since } = taken.heldBy
      throw new CliError({
        code: 'deployment_busy',
        message: `Another command works on this deployment: ${other} (process ${pid}, since ${since}).`,
        next: 'Wait until it has finished, then try again.',
        exitCode: 3,
      })
    }
    try {
      await this.reload()
      return await work()
    } finally {
      await taken.release()
    }
  }

  /** Another command may have changed the directory since it was opened. */
  private async reload(): Promise<void> {
    this.file = await openConfig(this.paths)
    this.lockState = (await readLock(this.paths.lock)) ?? this.lockState
  }
}

function openConfig(paths: DeploymentPaths): Promise<ConfigFile> {
  return ConfigFile.open(paths.config, `${paths.run}/config.json`)
}

/** Creates the folders a deployment needs; those that exist keep their content. */
export async function ensureDeploymentFolders(paths: DeploymentPaths): Promise<void> {
  const { secrets, journal, logs, run, mail, objects, backups, recovery } = paths
  for (const folder of [secrets, journal, logs, run, mail, objects, backups, recovery]) {
    await ensureDirectory(folder, 0o700)
  }
  await mkdir(paths.data, { recursive: true, mode: 0o711 })
}

/** Tells whether a folder is missing or holds nothing. */
export async function isVacant(dir: string): Promise<boolean> {
  try {
    return (await readdir(dir)).length === 0
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return true
    throw error
  }
}
