import { readdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { atomicWrite, ensureDirectory } from './atomic-write.js'
import { CliError, isSystemError } from './errors.js'
import { isSecretName, readSecretFile, type SecretName, type Secrets } from './secrets.js'

const ASIDE = '.aside'

/**
 * The two values of a secret while it is rotated: the file NAME always holds the one to go on with, previous/NAME the
 * other. Whoever dies between any two steps leaves files that `mend` understands, and never loses one of the values.
 */
export class RotatingSecret {
  private readonly paths: { present: string; previous: string; aside: string }

  constructor(
    private readonly secrets: Secrets,
    readonly name: SecretName,
  ) {
    const previous = secrets.previousPath(name)
    this.paths = { present: secrets.path(name), previous, aside: previous + ASIDE }
  }

  /** The value to go on with. */
  present(): Promise<string> {
    return this.secrets.read(this.name)
  }

  /** The other value; undefined when the secret is not being rotated. */
  previous(): Promise<string | undefined> {
    return readSecretFile(this.paths.previous)
  }

  /** Puts `next` in the place of the present value, which is kept. CliError `rotation_pending` when one is kept already. */
  async begin(next: string): Promise<void> {
    if ((await this.previous()) !== undefined) throw pending(this.name)
    await ensureDirectory(dirname(this.paths.previous), 0o700)
    await atomicWrite(this.paths.previous, `${await this.present()}\n`)
    await this.secrets.write(this.name, next)
  }

  /** Has another value be taken too, which is not to be gone on with. */
  async keep(other: string): Promise<void> {
    await ensureDirectory(dirname(this.paths.previous), 0o700)
    await atomicWrite(this.paths.previous, `${other}\n`)
  }

  /** Exchanges the two values, to go back. */
  async exchange(): Promise<void> {
    const previous = await this.previous()
    if (previous === undefined) return
    await atomicWrite(this.paths.aside, `${await this.present()}\n`)
    await this.secrets.write(this.name, previous)
    await rename(this.paths.aside, this.paths.previous)
  }

  /** Forgets the other value. Safe to repeat. */
  async end(): Promise<void> {
    await rm(this.paths.previous, { force: true })
  }

  /** Makes two whole values, or one, of what an interrupted step left. True when two are left: the rotation is to be settled. */
  async mend(): Promise<boolean> {
    const [present, previous, aside] = await Promise.all([
      this.present(),
      this.previous(),
      readSecretFile(this.paths.aside),
    ])
    if (aside !== undefined && present === previous) await rename(this.paths.aside, this.paths.previous)
    else await rm(this.paths.aside, { force: true })
    if (previous === undefined) return false
    if (present !== previous || aside !== undefined) return true
    // Nothing but the copy was made.
    await this.end()
    return false
  }
}

/** Names of the secrets whose rotation has begun and is not settled. */
export async function rotatingSecrets(secrets: Secrets): Promise<SecretName[]> {
  const folders = (['redis-password', 'master-key'] as const).map((name) => secrets.previousFolder(name))
  const files = (await Promise.all(folders.map(filesIn))).flat()
  const names = files.map((file) => (file.endsWith(ASIDE) ? file.slice(0, -ASIDE.length) : file))
  return [...new Set(names)].filter(isSecretName).sort()
}

async function filesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  })
}

function pending(name: SecretName): CliError {
  return new CliError({
    code: 'rotation_pending',
    message: `A rotation of ${name} has begun and is not settled.`,
    next: 'Finish it with: vetrai secrets rotate, or vetrai up',
    exitCode: 3,
  })
}
