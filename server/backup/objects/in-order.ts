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
  const waiting: { result: Promise<R>; isOver: boolean }[] = []
  const running = new Set<Promise<unknown>>()
  const start = (item: T) => {
    const one = { result: work(item), isOver: false }
    // Whoever awaits the result sees a failure; until then it is nobody's.
    const run = one.result
      .catch(() => undefined)
      .finally(() => {
        one.isOver = true
        running.delete(run)
      })
    running.add(run)
    waiting.push(one)
  }
  const next = () => waiting.shift()?.result as Promise<R>
  try {
    for await (const item of items) {
      while (running.size >= jobs) await Promise.race(running)
      start(item)
      while (waiting[0]?.isOver || waiting.length >= jobs * AHEAD) yield await next()
    }
    while (waiting.length > 0) yield await next()
  } finally {
    await Promise.all(running)
  }
}
