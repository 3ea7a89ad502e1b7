import { Journal } from '../deployment/journal.js'
import type { Progress } from '../runtimes/runtime.js'

/** Which step of an action a process dies at: the n-th that is noted, or the one of this name. */
export interface DeadlyStep {
  action: string
  step: number | string
  /** Right before it is noted, or right after. */
  when: 'before' | 'after'
}

/** From now on every journal of this process kills it, as by `kill -9`, at a step of an action. */
export function dieAtStep(deadly: DeadlyStep): void {
  let seen = 0
  const { record } = Journal.prototype
  Journal.prototype.record = function <T>(
    this: Journal,
    action: string,
    work: (step: (detail: Record<string, unknown>) => Promise<void>) => Promise<T>,
    detail?: Record<string, unknown>,
  ): Promise<T> {
    if (action !== deadly.action) return record.call(this, action, work, detail) as Promise<T>
    const watched = (step: (detail: Record<string, unknown>) => Promise<void>) =>
      work(async (noted) => {
        seen += 1
        const isIt = deadly.step === seen || deadly.step === noted.step
        if (isIt && deadly.when === 'before') die()
        await step(noted)
        if (isIt) die()
      })
    return record.call(this, action, watched, detail) as Promise<T>
  }
}

/** Progress that does something, such as dying, as soon as a step is shown whose title begins like this; once. */
export function atTitle(title: string, act: () => void): Progress {
  let isDone = false
  return {
    step: (shown) => {
      if (!isDone && shown.startsWith(title)) {
        isDone = true
        act()
      }
      return { update: () => undefined, done: () => undefined, fail: () => undefined }
    },
  }
}

/** Ends this process as a power cut would. */
export function die(): void {
  process.kill(process.pid, 'SIGKILL')
}
