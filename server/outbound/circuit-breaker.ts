/** How soon a provider counts as down and for how long. */
export interface BreakerOptions {
  /** Failures in a row after which nothing is sent for a while. */
  failures: number
  /** The while, in milliseconds; after it one message tries. */
  pauseMs: number
  /** Most circuits remembered; the one untouched longest is forgotten first. */
  max: number
}

interface Circuit {
  failures: number
  /** Nobody tries before this time. */
  openUntil: number
}

const DEFAULTS: BreakerOptions = { failures: 5, pauseMs: 30_000, max: 1_000 }

/**
 * Remembers, in this process, which providers are down, so that a dead one costs a few time-outs and not one a
 * message. When a pause is over a single message tries; the others go on waiting until it has an answer.
 */
export class CircuitBreaker {
  readonly #circuits = new Map<string, Circuit>()
  readonly #options: BreakerOptions
  readonly #now: () => number

  constructor(now: () => number = Date.now, options: Partial<BreakerOptions> = {}) {
    this.#now = now
    this.#options = { ...DEFAULTS, ...options }
  }

  /** Milliseconds until this circuit may be tried; 0 when it may now. Asking takes the single try after a pause. */
  waitMs(name: string): number {
    const circuit = this.#circuits.get(name)
    if (!circuit || circuit.failures < this.#options.failures) return 0
    const now = this.#now()
    if (circuit.openUntil > now) return circuit.openUntil - now
    circuit.openUntil = now + this.#options.pauseMs
    return 0
  }

  /** The circuits that nobody tries at the moment. */
  open(): string[] {
    const { failures } = this.#options
    const now = this.#now()
    return [...this.#circuits].flatMap(([name, circuit]) =>
      circuit.failures >= failures && circuit.openUntil > now ? [name] : [],
    )
  }

  /** Tells how a try went. */
  record(name: string, isUp: boolean): void {
    const circuit = this.#circuits.get(name)
    this.#circuits.delete(name)
    if (isUp) return
    const failures = (circuit?.failures ?? 0) + 1
    const isOpen = failures >= this.#options.failures
    this.#circuits.set(name, { failures, openUntil: isOpen ? this.#now() + this.#options.pauseMs : 0 })
    const [oldest] = this.#circuits.keys()
    if (this.#circuits.size > this.#options.max && oldest !== undefined) this.#circuits.delete(oldest)
  }
}
