import { kernelErrors } from '../kernel/errors.js'

/**
 * The time one request may take. When it runs out the caller is answered at once, and work that has not yet
 * begun to commit is taken back; a commit under way is waited for, so that the answer tells what was kept.
 */
export class TimeLimit {
  #state: 'running' | 'committing' | 'expired' = 'running'

  /** Called as the last step inside a transaction: from here on it is kept. Throws Timeout where it is too late. */
  beforeCommit(): void {
    if (this.#state === 'expired') throw new kernelErrors.Timeout()
    this.#state = 'committing'
  }

  /** What `work` resolves to, or Timeout after `ms` milliseconds. */
  async race<T>(ms: number, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        if (this.#state === 'committing') return
        this.#state = 'expired'
        reject(new kernelErrors.Timeout())
      }, ms)
    })
    try {
      return await Promise.race([work, tooLate])
    } finally {
      clearTimeout(timer)
    }
  }
}
