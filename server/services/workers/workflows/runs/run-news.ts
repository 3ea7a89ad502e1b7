import { defineState } from '../../../../kernel/resources.js'
import type { Bus } from '../../../../storage/bus.js'

/** Topic: runs have new events; the message is their ids. */
export const RUN_CHANGED_TOPIC = 'workflows.run-changed'

/** News of this long go into one message. */
const GATHER_MS = 20
/** Ids of one message. */
const IDS_MAX = 50

/** Tells every process which runs have something new, many in one message. Hints: who follows a run looks by itself too. */
class RunNews {
  readonly #bus: Bus
  readonly #ids = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(bus: Bus) {
    this.#bus = bus
  }

  tell(runId: string): void {
    this.#ids.add(runId)
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS).unref()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const ids = [...this.#ids]
    this.#ids.clear()
    for (let at = 0; at < ids.length; at += IDS_MAX)
      this.#bus.publish(RUN_CHANGED_TOPIC, ids.slice(at, at + IDS_MAX).join(' '))
  }
}

export const runNews = defineState(
  'workflows.run-news',
  ({ bus }) => new RunNews(bus),
  (news) => news.flush(),
)
