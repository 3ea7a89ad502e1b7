import type { Progress } from '../runtimes/runtime.js'
import type { Paint } from '../views/paint.js'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 80

/** Where progress goes; a test hands in its own. */
export interface ProgressStream {
  isTTY?: boolean
  write(text: string): unknown
}

/**
 * Progress for people: on a terminal each step spins and is replaced by its outcome, elsewhere each
 * outcome is one line. The timer never keeps the process alive.
 */
export function createProgress(stream: ProgressStream, paint: Paint): Progress {
  return {
    step(title) {
      const started = Date.now()
      const spinner = stream.isTTY === true ? spin(stream, title, paint) : undefined
      const end = (mark: string, detail: string | undefined) => {
        spinner?.()
        const seconds = ((Date.now() - started) / 1000).toFixed(1)
        stream.write(`${mark} ${title} ${paint.dim([detail, `${seconds}s`].filter(Boolean).join(' · '))}\n`)
      }
      return {
        done: (detail) => end(paint.green('✓'), detail),
        fail: (detail) => end(paint.red('✗'), detail),
      }
    },
  }
}

/** Progress that says nothing, for --quiet and --json. */
export const silentProgress: Progress = {
  step: () => ({ done: () => undefined, fail: () => undefined }),
}

function spin(stream: ProgressStream, title: string, paint: Paint): () => void {
  let frame = 0
  const draw = () => {
    stream.write(`\r\u001b[2K${paint.cyan(FRAMES[frame % FRAMES.length] ?? '')} ${title}`)
    frame += 1
  }
  draw()
  const timer = setInterval(draw, FRAME_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    stream.write('\r\u001b[2K')
  }
}
