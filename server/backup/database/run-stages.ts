import type pg from 'pg'
import { runWorkers, type Workers } from './run-workers.js'

/** What one connection does at a time. */
export type Piece = (client: pg.Client) => Promise<unknown>

/** Pieces that may be done side by side, begun in this order; the next stage begins when all are done. */
export type Stage = readonly Piece[]

/** Works on one stage after the other, over the same connections; a failure is that of `runWorkers`. */
export async function runStages(stages: readonly Stage[], options: Omit<Workers, 'work'>): Promise<void> {
  const open = stages.map((pieces) => new OpenStage(pieces))
  await runWorkers({
    ...options,
    work: async (client, stop) => {
      const endAll = () => {
        for (const stage of open) stage.end()
      }
      stop.addEventListener('abort', endAll, { once: true })
      for (const stage of open) {
        for (let piece = stage.take(); piece && !stop.aborted; piece = stage.take()) {
          await piece(client)
          stage.finished()
        }
        await stage.ended
        if (stop.aborted) return
      }
    },
  })
}

class OpenStage {
  readonly ended: Promise<void>
  end!: () => void
  readonly #waiting: Piece[]
  #left: number

  constructor(pieces: Stage) {
    this.#waiting = [...pieces]
    this.#left = pieces.length
    this.ended = new Promise((resolve) => {
      this.end = resolve
    })
    if (this.#left === 0) this.end()
  }

  take(): Piece | undefined {
    return this.#waiting.shift()
  }

  finished(): void {
    this.#left -= 1
    if (this.#left === 0) this.end()
  }
}
