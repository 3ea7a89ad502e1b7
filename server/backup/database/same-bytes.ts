/** Whether two sequences of chunks are the same bytes, however they are cut. Reads no further than the first difference. */
export async function sameBytes(a: AsyncIterator<Buffer>, b: AsyncIterator<Buffer>): Promise<boolean> {
  let [left, right] = [Buffer.alloc(0), Buffer.alloc(0)] as [Buffer | undefined, Buffer | undefined]
  for (;;) {
    if (left?.length === 0) left = await next(a)
    if (right?.length === 0) right = await next(b)
    if (!left || !right) {
      if (!left === !right) return true
      await b.return?.()
      return false
    }
    const size = Math.min(left.length, right.length)
    if (left.compare(right, 0, size, 0, size) !== 0) {
      await b.return?.()
      return false
    }
    left = left.subarray(size)
    right = right.subarray(size)
  }
}

/** The next chunk that is not empty; undefined at the end. */
async function next(chunks: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
  for (;;) {
    const { done, value } = await chunks.next()
    if (done) return undefined
    if (value.length > 0) return value
  }
}
