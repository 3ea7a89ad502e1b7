import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { CliError } from '../../deployment/errors.js'
import type { SentArchive } from './move-state.js'
import type { RemoteHost, RemoteRun } from './remote-host.js'
import {
  ACCEPT,
  END,
  LOOK,
  PROBE,
  RECEIVE,
  REMOVE_BEGUN,
  REMOVE_STAGING,
  WHAT_STANDS,
  WITH_KEY,
} from './remote-scripts.js'

/** What the other host is like. */
export interface Probe {
  /** Absolute path of the directory that the deployment is to be in. */
  dir: string
  /** Folder that an archive can be put in. */
  staging: string
  vacant: boolean
  writable: boolean
  free_bytes: number
  /** Of the command line there; null where it does not answer, and then why. */
  version: string | null
  problem: string
}

/** A file on the other host. */
export const ARCHIVE = 'archive.tar'
/** A restore that was told to end begins to take back what it did; all of it goes anyway. */
const END_WAIT_S = 5

/** The other host as a move sees it: a command line, a directory for the deployment and a folder for the archive. */
export class RemotePlace {
  constructor(
    readonly host: RemoteHost,
    private readonly vetrai: string,
    private readonly signal?: AbortSignal,
  ) {}

  /** Looks around; changes nothing. */
  async probe(dir: string, id: string): Promise<Probe> {
    const found = pairs(await this.sh(PROBE, [this.vetrai, dir, id]))
    return {
      dir: found.dir ?? dir,
      staging: found.staging ?? '',
      vacant: found.vacant === 'yes',
      writable: found.writable === 'yes',
      free_bytes: Number(found.free_kb) * 1024,
      version: found.version || null,
      problem: found.problem ?? 'it does not tell its version',
    }
  }

  /** Puts a file into the folder: whole, and with the hash that `expected` tells once all of it was sent, or not at all. */
  async send(staging: string, content: Readable, expected: () => SentArchive): Promise<SentArchive> {
    const name = `incoming-${randomBytes(4).toString('hex')}`
    const arrived = measured(await this.sh(RECEIVE, [staging, name], { input: content }))
    const { bytes, sha256 } = expected()
    if (arrived?.bytes !== bytes || arrived.sha256 !== sha256) throw notWhole(this.host.name, arrived, bytes)
    await this.sh(ACCEPT, [staging, name, ARCHIVE])
    return arrived
  }

  /** Whether the archive that was sent is still there, the same. */
  async has(staging: string, { bytes, sha256 }: SentArchive): Promise<boolean> {
    const there = measured(await this.sh(LOOK, [`${staging}/${ARCHIVE}`]))
    return there?.bytes === bytes && there.sha256 === sha256
  }

  /** Runs a command of the command line there on the archive, with a key that opens it. */
  async withKey<T>(staging: string, argv: readonly string[], identity: string): Promise<T> {
    const run = await this.host.run(WITH_KEY, [staging, this.vetrai, ...argv, '--json'], {
      input: `${identity}\n`,
      ...this.abortable(),
    })
    return this.answer<T>(run, argv)
  }

  /** Runs a command of the command line there. */
  async command<T>(argv: readonly string[]): Promise<T> {
    const words = [this.vetrai, ...argv, '--json']
    return this.answer<T>(await this.host.run('"$@" </dev/null', words, this.abortable()), argv)
  }

  /** Ends a restore that works there still. */
  async end(staging: string): Promise<void> {
    await this.sh(END, [staging, String(END_WAIT_S)])
  }

  /** What stands in a directory. */
  async whatStands(dir: string): Promise<string> {
    return (await this.sh(WHAT_STANDS, [dir])).trim()
  }

  async removeBegun(dir: string): Promise<void> {
    await this.sh(REMOVE_BEGUN, [dir])
  }

  async removeStaging(staging: string): Promise<void> {
    await this.sh(REMOVE_STAGING, [staging])
  }

  private async sh(script: string, args: string[], more: { input?: Readable } = {}): Promise<string> {
    const run = await this.host.run(script, args, { ...more, ...this.abortable() })
    if (run.code === 0) return run.stdout
    throw new CliError({
      code: 'remote_failed',
      message: `On ${this.host.name}: ${run.stderr.split('\n').at(-1) || `exit code ${run.code}`}`,
      next: 'See to the cause there (rights, room), then run the same command again.',
    })
  }

  private answer<T>({ code, stdout, stderr }: RemoteRun, argv: readonly string[]): T {
    const document = parseObject(stdout)
    if (code === 0 && document) return document as T
    const error = document?.error as { code?: string; message?: string; next?: string } | undefined
    throw new CliError({
      code: error?.code ?? 'remote_failed',
      message: `vetrai ${argv[0]} on ${this.host.name}: ${error?.message ?? (stderr.split('\n').at(-1) || `exit code ${code}`)}`,
      next: error?.next ?? 'See to the cause there, then run the same command again.',
    })
  }

  private abortable(): { signal?: AbortSignal } {
    return this.signal ? { signal: this.signal } : {}
  }
}

function pairs(text: string): Record<string, string | undefined> {
  const lines = text.split('\n').filter((line) => line.includes('='))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).trim()]),
  )
}

function measured(text: string): SentArchive | undefined {
  const { size, sha256 } = pairs(text)
  return size === undefined || sha256 === undefined ? undefined : { bytes: Number(size), sha256 }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function notWhole(host: string, arrived: SentArchive | undefined, bytes: number): CliError {
  return new CliError({
    code: 'archive_not_whole',
    message: `The archive did not arrive whole on ${host}: ${arrived?.bytes ?? 0} of ${bytes} bytes, or others.`,
    next: 'Run the same command again; if it repeats, look at the disk and the memory of both hosts.',
  })
}
