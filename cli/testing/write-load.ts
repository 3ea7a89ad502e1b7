import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

/** One organisation that the API said it had created. */
export interface Accepted {
  slug: string
  /** When it was asked for first. */
  sent: number
  answered: number
}

/** Between two writes of a writer: some a second come in at any time, and leave the processor to what is tested. */
const PAUSE_MS = 300
const LOOK_MS = 25
const WRITERS = 2
/** Asked again: an earlier request of the same key still runs, the token was just rotated, too many requests. */
const PASSING = [401, 409, 429]

/**
 * Creates organisations by REST, one after the other, and notes each that was accepted. What is refused or cut off is asked for
 * again under the same idempotency key, as a client does.
 */
export class WriteLoad {
  accepted: readonly Accepted[] = []
  /** Answers that no client should get. */
  readonly problems: string[] = []
  private isOn = true
  private readonly writers: Promise<void>[]

  constructor(
    private readonly url: () => string,
    private readonly token: () => Promise<string>,
  ) {
    this.writers = Array.from({ length: WRITERS }, () => this.write())
  }

  /** Waits until this many more were accepted. */
  async more(count: number): Promise<void> {
    const wanted = this.accepted.length + count
    while (this.accepted.length < wanted && this.problems.length === 0) await sleep(LOOK_MS)
  }

  /** Leaves out what is not there any more, as it should. */
  forget(isGone: (one: Accepted) => boolean): void {
    this.accepted = this.accepted.filter((one) => !isGone(one))
  }

  async stop(): Promise<void> {
    this.isOn = false
    await Promise.all(this.writers)
  }

  private async write(): Promise<void> {
    while (this.isOn) {
      const slug = `w-${randomUUID()}`
      const sent = Date.now()
      while (this.isOn && !(await this.create(slug))) await sleep(PAUSE_MS)
      if (this.isOn) this.accepted = [...this.accepted, { slug, sent, answered: Date.now() }]
      await sleep(PAUSE_MS)
    }
  }

  private async create(slug: string): Promise<boolean> {
    try {
      const answer = await fetch(`${this.url()}/tenancy/v1/tenants`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await this.token()}`,
          'content-type': 'application/json',
          'idempotency-key': slug,
        },
        body: JSON.stringify({ slug, name: slug }),
        signal: AbortSignal.timeout(20_000),
      })
      const text = await answer.text()
      if (answer.status === 201) return true
      if (answer.status < 500 && !PASSING.includes(answer.status))
        this.problems.push(`${answer.status}: ${text}`)
      return false
    } catch {
      // Cut off or refused: nobody knows whether it was done.
      return false
    }
  }
}
