import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { deploymentPaths } from '../deployment/paths.js'
import { type Check, type Finding, fail, ok } from './check.js'

/** What group and others must not have, as chmod takes it away. */
const FORBIDDEN = { 'go-rwx': 0o077, 'go-rw': 0o066, 'go-w': 0o022 } as const

type Rights = keyof typeof FORBIDDEN

/** A path whose mode gives group or others more than it should. */
interface OpenPath {
  path: string
  mode: string
  rights: Rights
}

/** Nobody but the owner can read the secrets, or read or change what the deployment is made from. */
export const fileModes: Check = {
  name: 'files',
  title: 'File modes',
  stages: ['up', 'doctor'],
  remedy: 'Take the rights of group and others away.',
  run: async ({ dir, configProblems }) => {
    if (configProblems === undefined) return undefined
    return judgeModes(await openPaths(dir))
  },
}

function judgeModes(open: readonly OpenPath[]): Finding {
  if (open.length === 0) return ok('secrets and configuration are private')
  const commands = [...new Set(open.map(({ rights }) => rights))].map((rights) => {
    const paths = open.filter((one) => one.rights === rights).map(({ path }) => quoted(path))
    return `chmod ${rights} ${paths.join(' ')}`
  })
  return fail(open.map(({ path, mode }) => `${path} has mode ${mode}`).join('; '), commands.join(' && '))
}

async function openPaths(dir: string): Promise<OpenPath[]> {
  const { secrets, config, generated, compose, composeOverride, recovery } = deploymentPaths(dir)
  const [secret, made] = await Promise.all([below(secrets), below(generated)])
  const wanted: [path: string, rights: Rights][] = [
    ...[config, compose, recovery, secrets, ...secret.map(({ path }) => path)].map(asPrivate),
    // People write this one themselves, in their own way.
    [composeOverride, 'go-w'],
    // Containers pass through these folders to the files that they mount.
    [generated, 'go-rw'],
    ...made.map(({ path, isFolder }): [string, Rights] => (isFolder ? [path, 'go-rw'] : asPrivate(path))),
  ]
  const found = await Promise.all(
    wanted.map(async ([path, rights]) => ({ path, rights, mode: await modeOf(path) })),
  )
  return found.flatMap(({ path, rights, mode }) =>
    mode !== undefined && (mode & FORBIDDEN[rights]) !== 0
      ? [{ path, rights, mode: mode.toString(8).padStart(4, '0') }]
      : [],
  )
}

function asPrivate(path: string): [path: string, rights: Rights] {
  return [path, 'go-rwx']
}

async function below(folder: string): Promise<{ path: string; isFolder: boolean }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.map((entry) => ({ path: join(entry.parentPath, entry.name), isFolder: entry.isDirectory() }))
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
