import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { handOver } from './hand-over.js'
import { hostEnv } from './host-env.js'
import { planPath, readPlan } from './plan.js'

/**
 * Runs a program on this host, in the deployment directory, with the environment that a component was last started with;
 * answers its exit code. Secrets stay in the files that the environment names: where vetrai.yml holds one by value, the
 * program is not given it.
 */
export async function execCommand(
  deployment: Deployment,
  component: string,
  [command, ...args]: [string, ...string[]],
): Promise<number> {
  const env = { ...process.env, ...withoutSecrets(await envOf(deployment, component)), PATH: hostEnv().path }
  return handOver(command, args, { cwd: deployment.dir, env })
}

/** The variables that hold no secret by value. */
export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSecret(name)))
}

function isSecret(name: string): boolean {
  return /(^|_)(SECRET|PASSWORD|TOKEN|KEY)$/.test(name) && !/_(ACCESS|PUBLIC)_KEY$/.test(name)
}

async function envOf(deployment: Deployment, component: string): Promise<NodeJS.ProcessEnv> {
  const plan = await readPlan(planPath(deployment.paths.run)).catch(() => undefined)
  const child = plan?.children.find(({ name }) => name === component)
  if (child) return child.env
  throw new CliError({
    code: 'not_running',
    message: `The component ${component} was never started, so there is nothing to run a program beside.`,
    next: 'Start the deployment with: vetrai up',
    exitCode: 3,
  })
}
