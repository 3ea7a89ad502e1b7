import { randomBytes } from 'node:crypto'
import { access, mkdir } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { atomicWrite } from './atomic-write.js'
import { renderConfig } from './config-template.js'
import { type Deployment, ensureDeploymentFolders, isVacant, openDeployment } from './deployment.js'
import { CliError } from './errors.js'
import { findFreePort, isPortFree } from './free-port.js'
import { readLock, writeLock } from './lock-file.js'
import { deploymentPaths } from './paths.js'
import { checkConfig, type DeploymentConfigInput } from './schema.js'
import { type SecretName, Secrets } from './secrets.js'

/** What `init` was told; everything left out gets a safe default. */
export interface DeploymentAnswers {
  config?: Partial<DeploymentConfigInput>
  /** Secrets the operator brings; the others are generated. */
  secrets?: Partial<Record<SecretName, string>>
  /** The recovery key that backups will be sealed for was just made, and is yet to be shown. */
  recoveryUnseen?: boolean
}

const DEFAULT_PORT = 8000

/**
 * Creates a deployment directory: vetrai.yml, secrets, lock.json and folders. An interrupted creation
 * can be repeated; an existing deployment is never overwritten (CliError `deployment_exists`).
 */
export async function createDeployment(dir: string, answers: DeploymentAnswers = {}): Promise<Deployment> {
  const absolute = resolve(dir)
  const paths = deploymentPaths(absolute)
  await refuseForeignContent(absolute)
  const config = await completeConfig(absolute, answers.config ?? {})

  await mkdir(absolute, { recursive: true, mode: 0o711 })
  const lock = await readLock(paths.lock)
  const unseen = answers.recoveryUnseen === true && { recovery_unseen: true }
  if (!lock || unseen) await writeLock(paths.lock, { ...(lock ?? newLock()), ...unseen })
  await ensureDeploymentFolders(paths)
  await new Secrets(paths.secrets).generateMissing(answers.secrets)
  // Last: a directory with a vetrai.yml is a whole deployment.
  await atomicWrite(paths.config, renderConfig(config), 0o600)
  return openDeployment(absolute)
}

/** Port a new deployment gets: 8000, or the next one that nobody holds. */
export async function suggestPort(host = '127.0.0.1'): Promise<number> {
  for (let port = DEFAULT_PORT; port < DEFAULT_PORT + 100; port++) {
    if (await isPortFree(port, host)) return port
  }
  return findFreePort(host)
}

async function completeConfig(dir: string, given: Partial<DeploymentConfigInput>) {
  const host = given.host ?? '127.0.0.1'
  const checked = checkConfig({
    ...given,
    name: given.name ?? suggestName(dir),
    host,
    port: given.port ?? (await suggestPort(host)),
    operator: given.operator ?? { email: 'operator@vetrai.localhost' },
  })
  if (checked.ok) return checked.config
  throw new CliError({
    code: 'config_invalid',
    message: `These answers are not valid:\n${checked.problems.map((p) => `  ${p.path}: ${p.message}`).join('\n')}`,
    next: 'Give other values.',
    exitCode: 2,
  })
}

function suggestName(dir: string): string {
  const from = basename(dir)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40)
  return from && from !== 'default' ? from : 'vetrai'
}

async function refuseForeignContent(dir: string): Promise<void> {
  const paths = deploymentPaths(dir)
  const vacant = await isVacant(dir)
  const interrupted = !vacant && (await readLock(paths.lock)) !== undefined && !(await exists(paths.config))
  if (vacant || interrupted) return
  const isDeployment = await exists(paths.config)
  throw new CliError({
    code: isDeployment ? 'deployment_exists' : 'directory_not_empty',
    message: isDeployment ? `${dir} already holds a deployment.` : `${dir} is not empty.`,
    next: isDeployment ? 'Start it with: vetrai up' : 'Choose an empty or new directory with --dir.',
    exitCode: 4,
  })
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function newLock() {
  return {
    id: randomBytes(8).toString('hex'),
    created_at: new Date().toISOString(),
    ports: {},
    versions: {},
    outside: [],
    done: {},
  }
}
