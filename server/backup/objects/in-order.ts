/** Results that wait for an earlier one, for each piece of work at the same time. */
const AHEAD = 16

/**
 * What `work` makes of each item, in the order of the items, `jobs` at the same time. Reads no further ahead than a
 * few results for each; the first failure ends it, and what still runs is waited for.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  jobs: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const waiting: Promise<R>[] = []
  const running = new Set<Promise<unknown>>()
  try {
    for await (const item of items) {
      while (running.size >= jobs) await Promise.race(running)
      const result = work(item)
      const run = result.catch(() => undefined).finally(() => running.delete(run))
      running.add(run)
      waiting.push(result)
      // Whoever awaits it sees the failure; until then it is nobody's.
      result.catch(() => undefined)
      while (waiting.length >= jobs * AHEAD) yield await (waiting.shift() as Promise<R>)
    }
    for (let next = waiting.shift(); next; next = waiting.shift()) yield await next
  } finally {
    await Promise.all(running)
  }
}
