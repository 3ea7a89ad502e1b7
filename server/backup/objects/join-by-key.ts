/** Of two lists that are in byte order of their keys, what is under the same key together. */
export async function* joinByKey<A extends { key: string }, B extends { key: string }>(
  left: AsyncIterable<A>,
  right: AsyncIterable<B>,
): AsyncGenerator<{ left?: A; right?: B }> {
  const [ones, others] = [left[Symbol.asyncIterator](), right[Symbol.asyncIterator]()]
  try {
    let [one, other] = await Promise.all([ones.next(), others.next()])
    while (!one.done || !other.done) {
      // Keys are ASCII: code units are bytes.
      if (other.done || (!one.done && one.value.key < other.value.key)) {
        yield { left: (one as IteratorYieldResult<A>).value }
        one = await ones.next()
      } else if (one.done || one.value.key > other.value.key) {
        yield { right: other.value }
        other = await others.next()
      } else {
        yield { left: one.value, right: other.value }
        ;[one, other] = await Promise.all([ones.next(), others.next()])
      }
    }
  } finally {
    await Promise.all([ones.return?.(), others.return?.()])
  }
}
