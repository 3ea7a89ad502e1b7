import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { atomicWrite } from './atomic-write.js'
import { CliError, isSystemError } from './errors.js'

const lockSchema = z.looseObject({
  /** Random, never changes; names what lives outside the directory. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  created_at: z.string(),
  /** Ports chosen once: `postgres`, `redis`. */
  ports: z.record(z.string(), z.int()).default({}),
  /** Versions in use, by component. */
  versions: z.record(z.string(), z.string()).default({}),
  /** Folders outside the deployment directory that belong to it. */
  outside: z.array(z.string()).default([]),
  /** Unprivileged user that owns the data; absent when the operator's own user does. */
  service_user: z.object({ name: z.string(), uid: z.int(), gid: z.int() }).optional(),
  /** Fingerprints of work done once: repeated only when they change. */
  done: z.record(z.string(), z.string()).default({}),
})

/** Content of lock.json: what a deployment really uses, written by the program only. */
export type DeploymentLock = z.infer<typeof lockSchema>

/** Reads lock.json; undefined when there is none, a CliError `lock_invalid` when it makes no sense. */
export async function readLock(path: string): Promise<DeploymentLock | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
  try {
    return lockSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new CliError({
      code: 'lock_invalid',
      message: `${path} is damaged.`,
      next: 'Put lock.json back from a backup of this directory.',
      cause,
    })
  }
}

/** Writes lock.json atomically. */
export async function writeLock(path: string, lock: DeploymentLock): Promise<void> {
  await atomicWrite(path, `${JSON.stringify(lockSchema.parse(lock), null, 2)}\n`, 0o600)
}
