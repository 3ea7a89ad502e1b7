import { randomBytes } from 'node:crypto'

const PAUSE_MS = 150

/**
 * Writes subscribers through REST by an API key, one after the other, for as long as a suite goes on, and remembers those
 * that were acknowledged: none of them may be missing in the end.
 */
export class Writer {
  readonly acknowledged: string[] = []
  /** What was answered otherwise, by status or error. */
  readonly refused: Record<string, number> = {}
  readonly #mark = randomBytes(3).toString('hex')
  #running = true
  #last = Date.now()
  #longest = 0
  readonly #loop: Promise<void>

  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {
    this.#loop = this.#write()
  }

  /** Seconds of the longest time since the last call in which nothing was acknowledged. */
  takeGap(): number {
    const longest = Math.max(this.#longest, Date.now() - this.#last)
    this.#longest = 0
    return longest / 1_000
  }

  /** How often there was no answer or a failure of the server’s own, since the last call. */
  takeFailures(): number {
    const failures = Object.entries(this.refused).filter(([status]) => !status.startsWith('4'))
    const sum = failures.reduce((all, [, times]) => all + times, 0)
    for (const [status] of failures) delete this.refused[status]
    return sum
  }

  get isRunning(): boolean {
    return this.#running
  }

  async stop(): Promise<void> {
    this.#running = false
    await this.#loop
  }

  async #write(): Promise<void> {
    for (let n = 0; this.#running; n++) {
      const id = `w-${this.#mark}-${n}`
      const outcome = await this.#put(id)
      if (outcome === 200) {
        this.acknowledged.push(id)
        this.#longest = Math.max(this.#longest, Date.now() - this.#last)
        this.#last = Date.now()
      } else this.refused[outcome] = (this.refused[outcome] ?? 0) + 1
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  async #put(id: string): Promise<number | string> {
    const answer = await fetch(`${this.url}/notifications/v1/subscribers`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ external_id: id }),
      signal: AbortSignal.timeout(30_000),
    }).catch((error: unknown) => error as Error & { cause?: { code?: string } })
    if (answer instanceof Error) return answer.cause?.code ?? answer.name
    await answer.text().catch(() => undefined)
    return answer.status
  }
}
