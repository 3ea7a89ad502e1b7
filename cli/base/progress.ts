import type { Progress } from '../runtimes/runtime.js'
import type { Paint } from '../views/paint.js'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 80
const DETAIL_WIDTH = 60

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
        spinner?.stop()
        const seconds = ((Date.now() - started) / 1000).toFixed(1)
        stream.write(`${mark} ${title} ${paint.dim([detail, `${seconds}s`].filter(Boolean).join(' · '))}\n`)
      }
      return {
        update: (detail) => spinner?.tell(detail),
        done: (detail) => end(paint.green('✓'), detail),
        fail: (detail) => end(paint.red('✗'), detail),
      }
    },
  }
}

/** Progress that says nothing, for --quiet and --json. */
export const silentProgress: Progress = {
  step: () => ({ update: () => undefined, done: () => undefined, fail: () => undefined }),
}

interface Spinner {
  /** Shows how far the step is, cut to what fits beside its title. */
  tell(detail: string): void
  stop(): void
}

function spin(stream: ProgressStream, title: string, paint: Paint): Spinner {
  let frame = 0
  let detail = ''
  const draw = () => {
    const mark = paint.cyan(FRAMES[frame % FRAMES.length] ?? '')
    stream.write(`\r\u001b[2K${mark} ${title}${detail && ` ${paint.dim(detail)}`}`)
    frame += 1
  }
  draw()
  const timer = setInterval(draw, FRAME_MS)
  timer.unref()
  return {
    tell: (text) => {
      detail = text.replaceAll(/\s+/g, ' ').slice(0, DETAIL_WIDTH)
    },
    stop: () => {
      clearInterval(timer)
      stream.write('\r\u001b[2K')
    },
  }
}
