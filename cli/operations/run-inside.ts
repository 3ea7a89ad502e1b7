import { userInfo } from 'node:os'
import type { Deployment } from '../deployment/deployment.js'
import type { Runtime, ShellRequest } from '../runtimes/runtime.js'

/** Runs a program beside a component and answers its exit code. The journal keeps who did it where, not what. */
export async function runInside(
  deployment: Deployment,
  runtime: Runtime,
  {
    component,
    command,
    interactive,
  }: { component: string; command: [string, ...string[]]; interactive: boolean },
): Promise<number> {
  return noted(deployment, 'exec', { component }, () =>
    runtime.exec(deployment, component, command, { interactive }),
  )
}

/** Hands the terminal to a shell and answers its exit code. The journal keeps who opened it as whom, not what was typed. */
export async function openShell(
  deployment: Deployment,
  runtime: Runtime,
  request: ShellRequest,
): Promise<number> {
  const { target, role } = request
  return noted(deployment, 'shell', { target, ...(target === 'db' && { role }) }, () =>
    runtime.shell(deployment, request),
  )
}

async function noted(
  deployment: Deployment,
  action: string,
  detail: Record<string, unknown>,
  work: () => Promise<number>,
): Promise<number> {
  return deployment.journal.record(
    action,
    async (step) => {
      const exitCode = await work()
      await step({ exit_code: exitCode })
      return exitCode
    },
    { by: operator(), ...detail },
  )
}

/** Who is at the keyboard: under sudo, the person behind it too. */
function operator(): string {
  const { username } = userInfo()
  const behind = process.env.SUDO_USER
  return behind && behind !== username ? `${behind} as ${username}` : username
}
