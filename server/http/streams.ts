import type { Config } from '../config/config.js'
import { addressSubject } from '../kernel/addresses.js'
import { kernelErrors } from '../kernel/errors.js'
import type { Principal } from '../kernel/principal.js'
import type { EventStream } from './event-stream.js'

/** The streams that this process has open: how many one caller may have, how many all, and their common end. */
export class Streams {
  readonly #config: Pick<Config, 'STREAMS_PER_PRINCIPAL' | 'STREAMS_MAX'>
  readonly #open = new Map<EventStream, Principal | null>()
  readonly #byCaller = new Map<string, number>()
  #draining = false

  constructor(config: Pick<Config, 'STREAMS_PER_PRINCIPAL' | 'STREAMS_MAX'>) {
    this.#config = config
  }

  /** Lets one more in, counted until its connection closes. Throws where the caller or the process has enough. */
  admit(principal: Principal | null, ip: string, make: () => EventStream): EventStream {
    const caller = principal ? `${principal.kind}:${principal.id}` : `ip:${addressSubject(ip)}`
    const count = this.#byCaller.get(caller) ?? 0
    const { STREAMS_PER_PRINCIPAL: limit, STREAMS_MAX: max } = this.#config
    if (count >= limit) throw new kernelErrors.TooManyStreams({ limit })
    if (this.#draining || this.#open.size >= max) throw new kernelErrors.StreamsFull()
    const stream = make()
    this.#open.set(stream, principal)
    this.#byCaller.set(caller, count + 1)
    void stream.closed.then(() => this.#forget(stream, caller))
    return stream
  }

  /** Ends all of them at once, and lets in no other: their clients connect to another process. */
  drain(): void {
    this.#draining = true
    for (const stream of this.#open.keys()) stream.end('shutdown')
  }

  /** Ends those of everybody whom a maintenance concerns. */
  rest(isConcerned: (principal: Principal | null) => boolean): void {
    for (const [stream, principal] of this.#open) if (isConcerned(principal)) stream.end('maintenance')
  }

  #forget(stream: EventStream, caller: string): void {
    this.#open.delete(stream)
    const left = (this.#byCaller.get(caller) ?? 0) - 1
    if (left > 0) this.#byCaller.set(caller, left)
    else this.#byCaller.delete(caller)
  }
}
