import type { RedisClient } from './redis.js'

type Listener = (message: string) => void

const CHANNEL = 'vetrai:bus'

/**
 * Tells every process of the installation something at once, by Redis pub/sub. It is a hint only: a message
 * may be lost while Redis is away, so whoever relies on it must be right without it (see FreshCache).
 */
export class Bus {
  readonly #publisher: RedisClient
  readonly #subscriber: RedisClient
  readonly #onError: (error: unknown) => void
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #onConnected = new Set<Listener>()

  /** @param onError told of a listener that threw; the others still hear the message. */
  constructor(
    publisher: RedisClient,
    subscriber: RedisClient,
    onError: (error: unknown) => void = () => undefined,
  ) {
    this.#publisher = publisher
    this.#subscriber = subscriber
    this.#onError = onError
    subscriber.on('message', (_channel: string, text: string) => this.#receive(text))
    const subscribe = () =>
      void subscriber.subscribe(CHANNEL).then(
        () => this.#tell(this.#onConnected, ''),
        () => undefined,
      )
    subscriber.on('ready', subscribe)
    if (subscriber.status === 'ready') subscribe()
  }

  /** Tells all processes, this one first and without Redis. */
  publish(topic: string, message: string): void {
    this.#dispatch(topic, message)
    void this.#publisher.publish(CHANNEL, `${topic}\n${message}`).catch(() => undefined)
  }

  /** Tells this process only. */
  tellHere(topic: string, message: string): void {
    this.#dispatch(topic, message)
  }

  /** Hears messages of a topic; answers how to stop. Hearing one's own twice must do no harm. */
  subscribe(topic: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      // A topic may be named after a person or a job: it must not be remembered for ever.
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners) this.#listeners.delete(topic)
    }
  }

  /** Hears that messages come (again), so that some may have been missed until now; answers how to stop. */
  onConnected(listener: () => void): () => void {
    this.#onConnected.add(listener)
    return () => this.#onConnected.delete(listener)
  }

  async close(): Promise<void> {
    this.#subscriber.disconnect()
  }

  #receive(text: string): void {
    const end = text.indexOf('\n')
    if (end > 0) this.#dispatch(text.slice(0, end), text.slice(end + 1))
  }

  #dispatch(topic: string, message: string): void {
    this.#tell(this.#listeners.get(topic) ?? [], message)
  }

  #tell(listeners: Iterable<Listener>, message: string): void {
    for (const listener of listeners) {
      try {
        listener(message)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
