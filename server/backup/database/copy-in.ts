import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type pg from 'pg'
import { from } from 'pg-copy-streams'

/**
 * Runs one COPY … FROM STDIN over the bytes of a stream; answers the rows by its tag. Once it failed, the connection is
 * to be cut: nothing is said to PostgreSQL any more.
 */
export async function copyIn(
  client: pg.Client,
  sql: string,
  body: Readable,
  onBytes: (bytes: number) => void,
): Promise<number> {
  const copy = client.query(from(sql))
  const broken = new AbortController()
  copy.once('error', (error) => {
    broken.abort(error)
    // Whoever gives the bytes may never give another one.
    body.destroy(error)
  })
  copy.on('error', () => undefined)
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      broken.signal.throwIfAborted()
      onBytes(chunk.length)
      if (!copy.write(chunk)) await once(copy, 'drain', { signal: broken.signal })
    }
    broken.signal.throwIfAborted()
    copy.end()
    await once(copy, 'finish', { signal: broken.signal })
    return copy.rowCount
  } catch (error) {
    throw broken.signal.aborted ? broken.signal.reason : error
  } finally {
    body.destroy()
  }
}
