import { access } from 'node:fs/promises'
import type { CheckContext, Stage } from '../checks/check.js'
import type { EngineFacts } from '../clients/engine-facts.js'
import { configProblems } from '../deployment/config-file.js'
import { type Deployment, openDeployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { deploymentPaths } from '../deployment/paths.js'
import { runtimeFor } from '../runtimes/index.js'
import type { Runtime } from '../runtimes/runtime.js'
import { type CheckReport, runChecks } from './run-checks.js'

/** What the doctor is asked for beyond the ordinary. */
export interface CheckOptions {
  /** Names of checks that are left out. */
  skip?: readonly string[] | undefined
  /** Where a test mail goes. */
  mailTo?: string | undefined
}

/** Runs the doctor on a directory, whether or not there is a (working) deployment in it. Changes nothing. */
export async function checkDeployment(
  dir: string,
  stage: Stage,
  { skip, mailTo }: CheckOptions = {},
): Promise<CheckReport> {
  return runChecks({ ...(await checkContext(dir, stage)), mailTo }, undefined, skip)
}

/** Refuses to go on when a check of stage `up` fails: CliError `preflight_failed` with every remedy. */
export async function requirePreflight(deployment: Deployment): Promise<CheckReport> {
  const report = await checkDeployment(deployment.dir, 'up')
  if (report.ok) return report
  const failed = report.checks.filter(({ level }) => level === 'fail')
  throw new CliError({
    code: 'preflight_failed',
    message: [
      'This host is not ready to run VetrAI.',
      ...failed.map(({ title, detail }) => `${title}: ${detail}`),
    ].join('\n'),
    next: failed.map(({ remedy }) => remedy).join('\n'),
  })
}

async function checkContext(dir: string, stage: Stage): Promise<CheckContext> {
  const absent = { stage, dir, deployment: undefined, runtime: undefined, status: undefined }
  if (!(await exists(deploymentPaths(dir).config))) return { ...absent, configProblems: undefined }

  const problems = await configProblems(deploymentPaths(dir).config)
  if (problems.length > 0) return { ...absent, configProblems: problems }
  const deployment = await openDeployment(dir)
  const needsEngine = deployment.config.runtime === 'compose'
  return {
    ...{ stage, dir, configProblems: problems, deployment, engine: needsEngine ? engineOnce() : undefined },
    ...(await runtimeAndStatus(deployment)),
  }
}

/** A runtime that cannot say how it stands must not stop the doctor: that is what people ask the doctor about. */
async function runtimeAndStatus(
  deployment: Deployment,
): Promise<Pick<CheckContext, 'runtime' | 'status' | 'statusProblem'>> {
  let runtime: Runtime | undefined
  try {
    runtime = runtimeFor(deployment)
    return { runtime, status: await runtime.status(deployment, { brief: true }) }
  } catch (error) {
    return { runtime, status: undefined, statusProblem: error }
  }
}

function engineOnce(): () => Promise<EngineFacts> {
  let facts: Promise<EngineFacts> | undefined
  return () => {
    facts ??= import('../clients/engine-facts.js').then(({ readEngineFacts }) => readEngineFacts())
    return facts
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
