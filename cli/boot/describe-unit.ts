import { access, readFile, realpath, stat } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Systemd } from '../clients/systemd.js'
import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { findProgram } from '../runtimes/embedded/find-program.js'
import { STOP_SECONDS } from '../runtimes/embedded/graces.js'
import { STANDARD_PATH } from '../runtimes/embedded/host-env.js'
import type { BootUnit } from './unit.js'

/** Path of bin/vetrai of this installation. */
export const PROGRAM = fileURLToPath(new URL('../../../bin/vetrai', import.meta.url))

/** Containers are given half a minute, PostgreSQL a whole one, and taking them away has its time too. */
const COMPOSE_STOP_SECONDS = 180
/** What is looked for on the PATH when a deployment starts. */
const PROGRAMS = { embedded: ['redis-server', 'valkey-server'], compose: ['docker'] } as const
/** What this shell says of where things are, and a boot would not know. None of it is secret. */
const KEPT = {
  embedded: ['XDG_CACHE_HOME'],
  compose: [
    ...['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH'],
    // What the image of the server is named after: with another one, a boot would build it anew.
    ...['VETRAI_NODE_IMAGE', 'NODE_EXTRA_CA_CERTS'],
  ],
} as const

/** Decides how systemd starts a deployment: as whom, by which programs, after what. */
export async function describeUnit(
  deployment: Deployment,
  { scope, version }: Pick<Systemd, 'scope' | 'version'>,
): Promise<BootUnit> {
  const runtime = startedRuntime(deployment)
  return {
    name: deployment.name,
    id: deployment.id,
    dir: deployment.dir,
    scope,
    user: scope === 'system' ? await ownerOf(deployment.dir) : undefined,
    node: await stableNode(),
    program: PROGRAM,
    environment: {
      PATH: await programPath(PROGRAMS[runtime]),
      // A reboot runs what ran before it; building and upgrading is for `vetrai up` by hand.
      VETRAI_SKIP_BUILD: '1',
      ...keptVariables(KEPT[runtime]),
    },
    docker: runtime === 'compose' ? await dockerNeed(scope) : undefined,
    stopSeconds: runtime === 'compose' ? COMPOSE_STOP_SECONDS : STOP_SECONDS,
    mayRestart: version === 0 || version >= 244,
  }
}

function startedRuntime({ config: { runtime } }: Deployment): keyof typeof PROGRAMS {
  if (runtime === 'embedded' || runtime === 'compose') return runtime
  throw new CliError({
    code: 'service_needless',
    message: `With the ${runtime} runtime the cluster itself starts the deployment.`,
    next: 'Nothing is to be done.',
    exitCode: 4,
  })
}

/** Whom a deployment belongs to, by name where there is one; undefined for root. */
async function ownerOf(dir: string): Promise<string | undefined> {
  const { uid } = await stat(dir)
  if (uid === 0) return undefined
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const line = passwd.split('\n').find((one) => one.split(':')[2] === String(uid))
  return line?.split(':')[0] ?? String(uid)
}

/** This very Node by the name on the PATH, which outlives an update, where there is one. */
async function stableNode(): Promise<string> {
  const fits = async (path: string) => (await realpath(path)) === process.execPath
  return (await findProgram('node', { fits })) ?? process.execPath
}

/** The usual folders, after those where the named programs are now. */
async function programPath(programs: readonly string[]): Promise<string> {
  const found = await Promise.all(programs.map((name) => findProgram(name)))
  const usual = STANDARD_PATH.split(delimiter)
  const folders = found.flatMap((path) => (path === undefined ? [] : [dirname(path)]))
  const others = folders.filter((folder) => !usual.includes(folder))
  return [...new Set([...others, ...usual])].join(delimiter)
}

function keptVariables(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/** The system’s own Docker must run; one of another kind, or elsewhere, may not be known to systemd by that name. */
async function dockerNeed(scope: Systemd['scope']): Promise<'requires' | 'wants'> {
  const folders = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system']
  const known = await Promise.all(folders.map((folder) => exists(join(folder, 'docker.service'))))
  return scope === 'system' && !process.env.DOCKER_HOST && known.includes(true) ? 'requires' : 'wants'
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
