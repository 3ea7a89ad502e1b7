import type { Deployment } from '../../deployment/deployment.js'
import type { ShellRequest } from '../runtime.js'
import { databaseShell } from './database-shell.js'
import { execCommand } from './exec-command.js'
import { redisShell } from './redis-shell.js'

/** Hands this terminal to psql, redis-cli or a shell; answers the exit code of that. */
export async function openShell(deployment: Deployment, request: ShellRequest): Promise<number> {
  if (request.target === 'db') return databaseShell(deployment, request)
  if (request.target === 'redis') return redisShell(deployment, request)
  const shell = (request.interactive && process.env.SHELL) || '/bin/sh'
  return execCommand(deployment, 'server', [shell, ...request.args])
}
