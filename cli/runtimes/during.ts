import type { Progress, ProgressStep } from './runtime.js'

/** Shows one step of work: closed as done when it succeeds, as failed when it throws. */
export async function during<T>(
  progress: Progress,
  title: string,
  work: (step: ProgressStep) => Promise<T>,
): Promise<T> {
  const step = progress.step(title)
  try {
    const result = await work(step)
    step.done()
    return result
  } catch (error) {
    step.fail()
    throw error
  }
}
