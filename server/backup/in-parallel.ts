/**
 * Works on what comes, so many at once. The first failure ends it: what is under way is waited for, nothing more is
 * taken, and the failure is thrown.
 */
export async function inParallel<T>(
  source: AsyncIterable<T> | Iterable<T>,
  workers: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const items = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  // An iterator of ours gives one item at a time, whoever asks.
  let turn: Promise<unknown> = Promise.resolve()
  let isOver = false
  const next = () => {
    const item = turn.then(async () => (isOver ? undefined : items.next()))
    turn = item.catch(() => {})
    return item
  }
  const one = async () => {
    for (let item = await next(); item !== undefined && !item.done; item = await next())
      await work(item.value)
  }
  const ends = await Promise.allSettled(
    Array.from({ length: workers }, () =>
      one().catch((error: unknown) => {
        isOver = true
        throw error
      }),
    ),
  )
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed === undefined) return
  await items.return?.()
  throw failed.reason
}
