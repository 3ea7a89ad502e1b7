import { Readable } from 'node:stream'

/**
 * Has a body that fails before anybody reads it keep its error until somebody does: without a listener the error of a caller who
 * hangs up in that moment would end the process.
 */
export function awaitReader(body: Uint8Array | Readable): void {
  if (body instanceof Readable) body.on('error', () => undefined)
}
