import type { Deployment } from '../../deployment/deployment.js'
import { writeRecoveryKit } from '../../deployment/recovery-folder.js'
import type { ToolEvent, ToolRequest } from '../../runtimes/backup-tool.js'
import type { Progress, ProgressStep, Runtime } from '../../runtimes/runtime.js'
import { progressBar } from '../../views/progress-bar.js'

/** What an operation on backups works with. */
export interface BackupContext {
  deployment: Deployment
  runtime: Runtime
  progress: Progress
}

/**
 * Runs the program that makes and reads backups, on what vetrai.yml says of them now, and shows its steps as they come. What it answers is taken at its word: it is of
 * the same version as this command line.
 */
export async function useTool<Result>(
  { deployment, runtime, progress }: BackupContext,
  request: Omit<ToolRequest, 'onStep'>,
): Promise<Result> {
  await writeRecoveryKit(deployment)
  const steps = showSteps(progress)
  try {
    const result = await runtime.tool(deployment, { ...request, onStep: steps.take })
    steps.done()
    return result as Result
  } catch (error) {
    steps.fail()
    throw error
  }
}

/** A step is done when the next begins. */
function showSteps(progress: Progress) {
  let step: ProgressStep | undefined
  let last: string | undefined
  const take = (event: ToolEvent) => {
    if ('step' in event) {
      step?.done(last)
      step = progress.step(event.step)
      last = undefined
      return
    }
    last = event.detail
    step?.update(progressBar(event))
  }
  return { take, done: () => step?.done(last), fail: () => step?.fail(last) }
}
