import { Worker } from 'node:worker_threads'
import type { MjmlNode } from '../markup/to-mjml.js'
import type { MailBody } from './compile-mail.js'

/** A mail could not be compiled now (`busy`), in time, or at all. */
export class MailCompileError extends Error {
  override readonly name = 'MailCompileError'
  constructor(readonly reason: 'busy' | 'too_long' | 'failed') {
    super(`the mail was not compiled: ${reason}`)
  }
}

interface Limits {
  /** Longest that one mail may take. */
  timeoutMs: number
  /** Most that may wait for their turn. */
  waitingMax: number
  /** The thread ends when it had nothing to do for so long; it holds some 60 MB. */
  idleMs: number
}

const LIMITS: Limits = { timeoutMs: 6_000, waitingMax: 16, idleMs: 20_000 }

/**
 * Compiles mails in a thread of its own with bounds on time and memory: whatever somebody wrote, neither the event loop
 * nor the memory of the server is theirs. One at a time; the thread starts when it is needed and ends when it is not.
 */
export class MailCompiler {
  readonly #limits: Limits
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(limits: Partial<Limits> = {}) {
    this.#limits = { ...LIMITS, ...limits }
  }

  /** HTML and text of a tree. Throws MailCompileError. */
  async compile(tree: MjmlNode): Promise<MailBody> {
    if (this.#waiting >= this.#limits.waitingMax) throw new MailCompileError('busy')
    this.#waiting += 1
    const turn = this.#last.then(() => this.#run(tree))
    this.#last = turn.catch(() => undefined)
    try {
      return await turn
    } finally {
      this.#waiting -= 1
    }
  }

  /** Whether a thread runs at the moment. */
  get isRunning(): boolean {
    return this.#worker !== undefined
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle)
    await this.#stop()
  }

  #run(tree: MjmlNode): Promise<MailBody> {
    clearTimeout(this.#idle)
    this.#worker ??= startWorker()
    const worker = this.#worker
    return new Promise<MailBody>((resolve, reject) => {
      const give = (reason: MailCompileError['reason']) => {
        finish()
        void this.#stop()
        reject(new MailCompileError(reason))
      }
      const fail = () => give('failed')
      const timer = setTimeout(() => give('too_long'), this.#limits.timeoutMs)
      const answer = ({ body }: { body?: MailBody }) => {
        if (!body) return fail()
        finish()
        this.#rest()
        resolve(body)
      }
      const finish = () => {
        clearTimeout(timer)
        worker.off('message', answer).off('error', fail).off('exit', fail)
      }
      worker.once('message', answer).once('error', fail).once('exit', fail)
      worker.postMessage(tree)
    })
  }

  #rest(): void {
    this.#idle = setTimeout(() => void this.#stop(), this.#limits.idleMs).unref()
  }

  async #stop(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }
}

function startWorker(): Worker {
  const worker = new Worker(new URL('./mail-worker.js', import.meta.url), {
    name: 'mail-compiler',
    // Nothing of the process's settings; and MJML loads no component that a file in the working folder names.
    env: { MJML_BROWSER: '1' },
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  })
  // What a thread says after it was given up is nobody's error.
  worker.on('error', () => undefined)
  worker.stdout.resume()
  worker.stderr.resume()
  worker.unref()
  return worker
}
