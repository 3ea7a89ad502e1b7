import { access } from 'node:fs/promises'
import type { CheckContext, Stage } from '../checks/check.js'
import { configProblems } from '../deployment/config-file.js'
import { type Deployment, openDeployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { deploymentPaths } from '../deployment/paths.js'
import { runtimeFor } from '../runtimes/index.js'
import { type CheckReport, runChecks } from './run-checks.js'

/** Runs the doctor on a directory, whether or not there is a (working) deployment in it. Changes nothing. */
export async function checkDeployment(dir: string, stage: Stage): Promise<CheckReport> {
  return runChecks(await checkContext(dir, stage))
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
  const runtime = runtimeFor(deployment)
  const status = await runtime.status(deployment, { brief: true })
  return { stage, dir, configProblems: problems, deployment, runtime, status }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
