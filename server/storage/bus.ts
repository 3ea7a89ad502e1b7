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
    const subscribe = () => void subscriber.subscribe(CHANNEL).catch(() => undefined)
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
    return () => listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#subscriber.disconnect()
  }

  #receive(text: string): void {
    const end = text.indexOf('\n')
    if (end > 0) this.#dispatch(text.slice(0, end), text.slice(end + 1))
  }

  #dispatch(topic: string, message: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) {
      try {
        listener(message)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
