import { Transform, type TransformCallback } from 'node:stream'

/** Passes bytes on as they are and tells how many. */
export class CountBytes extends Transform {
  readonly #tell: (bytes: number) => void

  constructor(tell: (bytes: number) => void) {
    super()
    this.#tell = tell
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#tell(chunk.length)
    done(null, chunk)
  }
}
