import { expect } from 'chai'

/** Asserts that `work` rejects with an error whose text matches; answers the error. */
export async function expectRejection(work: Promise<unknown>, words: RegExp): Promise<Error> {
  const outcome = await work.then(
    () => new Error('it did not throw'),
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  )
  expect(`${outcome.name}: ${outcome.message}`).to.match(words)
  return outcome
}
