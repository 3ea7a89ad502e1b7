import type { View } from './view.js'

/** A result that one sentence tells. */
export function doneView<T>(sentence: (result: T) => string): View<T> {
  return (result, paint) => `${paint.green('✓')} ${sentence(result)}`
}
