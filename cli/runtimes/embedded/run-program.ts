import { spawn } from 'node:child_process'
import { plainEnv } from './host-env.js'
import { type ServiceUser, spawnAs } from './service-user.js'

/** How a helper program ended. */
export interface ProgramResult {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a helper program to its end without a shell; never throws for a failing exit code. */
export async function runProgram(
  command: string,
  args: string[],
  options: {
    cwd?: string
    env?: Record<string, string>
    user?: ServiceUser | undefined
    timeoutMs?: number
  } = {},
): Promise<ProgramResult> {
  const { cwd = '/', env = {}, user, timeoutMs } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: plainEnv(env),
      ...spawnAs(user),
      ...(timeoutMs !== undefined && { timeout: timeoutMs }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}
