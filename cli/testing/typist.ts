import { PassThrough, Writable } from 'node:stream'
import type { PromptStreams } from '../prompts/ask.js'

/** A person at a terminal: waits for each question and types its answer. */
export interface Typist {
  streams: PromptStreams
  /** All that was shown so far. */
  shown(): string
}

/** Types the answers in turn, each when its question (a part of its words) has appeared. */
export function createTypist(answers: readonly (readonly [question: string, keys: string])[]): Typist {
  const input = new PassThrough()
  const waiting = [...answers]
  let shown = ''
  let fresh = ''
  const see = (text: string) => {
    shown += text
    fresh += text
    const [question, keys] = waiting[0] ?? []
    if (question === undefined || keys === undefined || !fresh.includes(question)) return
    waiting.shift()
    fresh = ''
    // The prompt listens only after it has drawn itself.
    setImmediate(() => input.write(keys))
  }
  return { streams: { input, output: new Screen(see) }, shown: () => shown }
}

/** Like the standard error of a process, it outlives every prompt that ends it. */
class Screen extends Writable {
  constructor(private readonly see: (text: string) => void) {
    super()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.see(String(chunk))
    done()
  }

  override end(): this {
    return this
  }
}
