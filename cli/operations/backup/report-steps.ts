import type { ToolEvent } from '../../runtimes/backup-tool.js'
import type { Progress, ProgressStep } from '../../runtimes/runtime.js'

/** Shows what a program says of its steps: each is done when the next begins, and the last with the program. */
export async function reportSteps<T>(
  progress: Progress,
  work: (onStep: (event: ToolEvent) => void) => Promise<T>,
): Promise<T> {
  let step: ProgressStep | undefined
  try {
    const result = await work((event) => {
      if ('step' in event) {
        step?.done()
        step = progress.step(event.step)
      } else step?.update(event.detail)
    })
    step?.done()
    return result
  } catch (error) {
    step?.fail()
    throw error
  }
}
