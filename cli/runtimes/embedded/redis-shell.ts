import { delimiter, dirname } from 'node:path'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { ShellRequest } from '../runtime.js'
import { findProgram } from './find-program.js'
import { handOver } from './hand-over.js'
import { hostEnv } from './host-env.js'
import { findRedis } from './redis-binaries.js'
import { storeAddresses } from './store-folder.js'

/**
 * Hands this terminal to the redis-cli that belongs to the Redis of this deployment, or to one on the PATH. The password is in
 * the environment of that process alone.
 */
export async function redisShell(deployment: Deployment, { args }: ShellRequest): Promise<number> {
  const { command, env } = await findClient()
  const url = deployment.config.redis.url ?? (await storeAddresses(deployment)).redisUrl ?? ''
  return handOver(command, [...addressArgs(url), ...args], {
    cwd: process.cwd(),
    env: { ...process.env, ...env, ...(await authentication(deployment)) },
  })
}

/** The arguments of redis-cli that lead to the Redis of a URL. */
export function addressArgs(url: string): string[] {
  const { protocol, hostname, port, pathname, searchParams } = new URL(url)
  if (protocol === 'unix:') {
    return ['-s', decodeURIComponent(pathname), '-n', searchParams.get('db') ?? '0']
  }
  return [
    ...['-h', hostname.replace(/^\[|\]$/g, ''), '-p', port || '6379', '-n', pathname.slice(1) || '0'],
    ...(protocol === 'rediss:' ? ['--tls'] : []),
  ]
}

async function authentication(deployment: Deployment): Promise<NodeJS.ProcessEnv> {
  const { secrets, config } = deployment
  const password = config.redis.url
    ? await secrets.find('external-redis-password')
    : await deployment.secret('redis-password')
  return { REDISCLI_AUTH: password }
}

/** Beside the server first: one that was fetched needs its libraries, and is of the same version. */
async function findClient(): Promise<{ command: string; env: Record<string, string> }> {
  const server = await findRedis()
  const path = [...(server ? [dirname(server.command)] : []), hostEnv().path].join(delimiter)
  for (const name of ['redis-cli', 'valkey-cli']) {
    const command = await findProgram(name, { path })
    if (command)
      return { command, env: server && dirname(command) === dirname(server.command) ? server.env : {} }
  }
  throw new CliError({
    code: 'redis_cli_missing',
    message: 'There is neither redis-cli nor valkey-cli on this host.',
    next: 'Install one with the package manager of this system: redis-tools, redis or valkey.',
    exitCode: 3,
  })
}
