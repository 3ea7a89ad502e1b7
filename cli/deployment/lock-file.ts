import { readFile } from 'node:fs/promises'
import { atomicWrite } from './atomic-write.js'
import { CliError, isSystemError } from './errors.js'

/** Content of lock.json: what a deployment really uses, written by the program only. */
export interface DeploymentLock {
  /** Random, 16 hex characters, never changes; names what lives outside the directory. */
  id: string
  created_at: string
  /** Ports chosen once: `postgres`, `redis`. */
  ports: Record<string, number>
  /** Versions in use, by component. */
  versions: Record<string, string>
  /** Folders outside the deployment directory that belong to it. */
  outside: string[]
  /** Fingerprints of work done once: repeated only when they change. */
  done: Record<string, string>
  /** Images in use by name and tag (containers only). */
  images?: Record<string, LockedImage>
  /** Compose project whose volumes hold the data. */
  project?: string
  /** Volumes at the engine that stand in for those of the usual name, by that of vetrai's own: a restore puts them there. */
  volumes?: Record<string, string>
  /** Who the containers run as. */
  user?: { uid: number; gid: number }
  /** The version that the data is of: `up` keeps to it, whatever this command line brings; `upgrade` changes it. */
  release?: LockedRelease
  /** True from when a recovery key is made until it was printed: nobody has it before. */
  recovery_unseen?: boolean
  /** What the database cluster was made with; another major or another order of text is refused. */
  cluster?: ClusterFacts
  /** PostgreSQL's image that the data stays with in the place of a wanted one of another major (containers only). */
  held_postgres?: { instead_of: string; ref: string; usual: string }
}

/** An image in use. */
export interface LockedImage {
  /** The engine's id. */
  id: string
  /** Digest by which the registry that gave it knows it. */
  digest?: string
  /** Its name at the engine where a bundle brought it: the engine knows no digest for it. */
  name?: string
}

/** A version of the server that a deployment runs. */
export interface LockedRelease {
  version: string
  /** Its newest migration; `unknown` where an earlier command line did not note it. */
  schema_version: string
  /** The image of its server (containers only). */
  image?: LockedServerImage
  /** Folder of the programs it was started from (embedded only). */
  program?: string
}

/** The server's image as a version used it. */
export interface LockedServerImage {
  /** As vetrai.yml or the command line named it. */
  ref: string
  /** What stands in the Compose file. */
  use: string
  id?: string
  origin: 'build' | 'pull' | 'bundle'
}

/** Facts of a PostgreSQL cluster that its data depends on. */
export interface ClusterFacts {
  /** `PG_VERSION`, such as `17`. */
  major: string
  /** Version of the C library, such as `2.36`; null where it could not be told. */
  libc: string | null
  /** Version of pgvector that the image brings; null where it brings none. */
  pgvector: string | null
  /** True when text is ordered by the C library, so that a change of it reorders indexes. */
  orderedByLibc: boolean
  /** Names of the image that runs it, without what is added for archiving; missing where an earlier command line noted it. */
  image?: { ref: string; usual: string }
}

/** Reads lock.json; undefined when there is none, a CliError `lock_invalid` when it makes no sense. */
export async function readLock(path: string): Promise<DeploymentLock | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
  const lock = parseLock(text)
  if (lock) return lock
  throw new CliError({
    code: 'lock_invalid',
    message: `${path} is damaged.`,
    next: 'Put lock.json back from a backup of this directory.',
  })
}

/** Writes lock.json atomically. */
export async function writeLock(path: string, lock: DeploymentLock): Promise<void> {
  await atomicWrite(path, `${JSON.stringify(lock, null, 2)}\n`, 0o600)
}

/** By hand, because every command reads this file and a schema library takes longer to load than that. */
function parseLock(text: string): DeploymentLock | undefined {
  const value = parseObject(text)
  if (!value) return undefined
  const { id, created_at, ports, versions, outside, done } = value
  if (typeof id !== 'string' || !/^[0-9a-f]{16}$/.test(id) || typeof created_at !== 'string') return undefined
  if (!isRecord(ports, 'number') || !isRecord(versions, 'string') || !isRecord(done, 'string'))
    return undefined
  if (!Array.isArray(outside) || !outside.every((folder) => typeof folder === 'string')) return undefined
  return { ...value, id, created_at, ports, versions, outside, done }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown, type: 'number'): value is Record<string, number>
function isRecord(value: unknown, type: 'string'): value is Record<string, string>
function isRecord(value: unknown, type: 'number' | 'string'): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).every((one) => typeof one === type)
}
