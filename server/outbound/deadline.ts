import { OutboundAbortedError, OutboundTimeoutError } from './errors.js'

/** One call's clock: its signal aborts with the typed error that says why. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Stops the total clock; from now on only the caller's signal and {@link within} can abort. */
  disarm(): void
  /** Awaits the work, aborting the call when it takes longer than `limitMs`. */
  within<T>(limitMs: number, work: Promise<T>): Promise<T>
  /** Ends the call now with this error. */
  fail(error: Error): void
  /** Clears the timer and lets go of the caller's signal. Safe to repeat. */
  dispose(): void
}

/** Starts the clock of one call: `totalMs` over all its hops, and the caller's own signal. */
export function startDeadline(totalMs: number, callerSignal?: AbortSignal): Deadline {
  const controller = new AbortController()
  const fail = (error: Error) => controller.abort(error)
  const onCallerAbort = () => fail(new OutboundAbortedError(callerSignal?.reason))
  const timer = setTimeout(() => fail(new OutboundTimeoutError('total', totalMs)), totalMs)
  if (callerSignal?.aborted) onCallerAbort()
  else callerSignal?.addEventListener('abort', onCallerAbort, { once: true })

  return {
    signal: controller.signal,
    disarm: () => clearTimeout(timer),
    within: async (limitMs, work) => {
      const idle = setTimeout(() => fail(new OutboundTimeoutError('idle', limitMs)), limitMs)
      try {
        return await work
      } finally {
        clearTimeout(idle)
      }
    },
    fail,
    dispose: () => {
      clearTimeout(timer)
      callerSignal?.removeEventListener('abort', onCallerAbort)
    },
  }
}
