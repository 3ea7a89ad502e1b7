import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { deploymentPaths } from '../deployment/paths.js'
import { type Check, fail, ok } from './check.js'

/** Nobody but the owner can read the secrets or change the configuration. */
export const fileModes: Check = {
  name: 'files',
  title: 'File modes',
  stages: ['up', 'doctor'],
  remedy: 'Take the rights of group and others away.',
  run: async ({ dir, configProblems }) => {
    if (configProblems === undefined) return undefined
    const open = await openPaths(dir)
    if (open.length === 0) return ok('secrets and configuration are private')
    return fail(
      open.map(({ path, mode }) => `${path} has mode ${mode}`).join('; '),
      `chmod go-rwx ${open.map(({ path }) => quoted(path)).join(' ')}`,
    )
  },
}

/** Paths that group or others may use and should not, with their octal mode. */
async function openPaths(dir: string): Promise<{ path: string; mode: string }[]> {
  const { secrets, config } = deploymentPaths(dir)
  const files = await readdir(secrets).catch(() => [])
  const paths = [config, secrets, ...files.map((file) => join(secrets, file))]
  const found = await Promise.all(paths.map(async (path) => ({ path, mode: await modeOf(path) })))
  return found.flatMap(({ path, mode }) =>
    mode !== undefined && (mode & 0o077) !== 0 ? [{ path, mode: mode.toString(8).padStart(4, '0') }] : [],
  )
}

async function modeOf(path: string): Promise<number | undefined> {
  return lstat(path).then(
    (stats) => stats.mode & 0o7777,
    () => undefined,
  )
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
