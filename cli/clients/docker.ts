import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type Docker from 'dockerode'
import { CliError, isSystemError } from '../deployment/errors.js'

const run = promisify(execFile)
const TIMEOUT_MS = 10_000

/**
 * Environment for programs that speak to the engine: the operator's own, with the engine of the chosen context named, so
 * that the docker command and this program mean the same one.
 */
export async function dockerEnv(): Promise<NodeJS.ProcessEnv> {
  if (process.env.DOCKER_HOST) return process.env
  const host = await contextHost()
  return host === undefined ? process.env : { ...process.env, DOCKER_HOST: host }
}

/**
 * A client of the Docker engine that answers. CliError `docker_missing`, `docker_denied` or `docker_unreachable` (exit 3)
 * says what is in the way.
 */
export async function connectDocker(): Promise<Docker> {
  const [{ default: Engine }, env] = await Promise.all([import('dockerode'), dockerEnv()])
  // docker-modem reads DOCKER_HOST from the environment of this process only.
  const options = optionsOf(env.DOCKER_HOST)
  const client = new Engine(options)
  try {
    const { ApiVersion } = await client.version()
    return new Engine({ ...options, version: `v${lower(ApiVersion, NEWEST_API)}` })
  } catch (error) {
    throw unreachable(error, env.DOCKER_HOST)
  }
}

/** The newest version of the engine's API that this program was tried with. */
const NEWEST_API = '1.51'

function optionsOf(host: string | undefined): Docker.DockerOptions {
  if (host === undefined) return { socketPath: '/var/run/docker.sock' }
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) }
  // Everything else (tcp, ssh, with TLS files) is read by the library itself.
  return process.env.DOCKER_HOST === host ? {} : { host }
}

function lower(a: string, b: string): string {
  const [left, right] = [a, b].map((version) => Number(version.split('.')[1] ?? 0))
  return (left ?? 0) <= (right ?? 0) ? a : b
}

async function contextHost(): Promise<string | undefined> {
  try {
    const { stdout } = await run('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'], {
      timeout: TIMEOUT_MS,
    })
    return stdout.trim() || undefined
  } catch {
    return undefined
  }
}

function unreachable(error: unknown, host = 'unix:///var/run/docker.sock'): CliError {
  if (isSystemError(error, 'EACCES', 'EPERM')) {
    return new CliError({
      code: 'docker_denied',
      message: `This user may not use the Docker engine at ${host}.`,
      next: 'Join the group and sign in again: sudo usermod -aG docker "$USER" (who may use Docker is as good as root), or run as root.',
      exitCode: 3,
      cause: error,
    })
  }
  if (isSystemError(error, 'ENOENT')) {
    return new CliError({
      code: 'docker_missing',
      message: `There is no Docker engine at ${host}.`,
      next: 'Install Docker Engine with its Compose plugin and start it, or use the runtime that needs none: vetrai init --runtime embedded',
      exitCode: 3,
      cause: error,
    })
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new CliError({
    code: 'docker_unreachable',
    message: `The Docker engine at ${host} does not answer: ${reason}`,
    next: 'Start it: systemctl start docker',
    exitCode: 3,
    cause: error,
  })
}
