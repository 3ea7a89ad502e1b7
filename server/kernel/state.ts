/** A piece of per-process state owned by one service: made on first use, closed with the server. */
export interface StateDefinition<S, R> {
  readonly name: string
  readonly create: (resources: R) => S
  readonly close?: (state: S) => Promise<void> | void
}

/** Holds the state of every service of one server; several servers in one process do not share any. */
export class StateHolder<R> {
  readonly #states = new Map<StateDefinition<unknown, R>, unknown>()

  /** The state of this definition, made on first use. */
  get<S>(definition: StateDefinition<S, R>, resources: R): S {
    const key = definition as StateDefinition<unknown, R>
    if (!this.#states.has(key)) this.#states.set(key, definition.create(resources))
    return this.#states.get(key) as S
  }

  /** Closes everything in reverse order of making; one failing does not keep the others open, and is thrown last. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const [definition, state] of [...this.#states].reverse()) {
      try {
        await definition.close?.(state)
      } catch (error) {
        failures.push(error)
      }
    }
    this.#states.clear()
    if (failures.length > 0) throw failures[0]
  }
}
