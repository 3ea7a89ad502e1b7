import { readFileSync } from 'node:fs'
import { format } from 'node:util'
import Mocha from 'mocha'
import { mochaGlobalSetup, mochaGlobalTeardown } from './setup.js'

/** What one test file gave, told to the parent in one piece. */
export interface FileResult {
  file: string
  passed: number
  failed: number
  pending: number
  seconds: number
  /** What the spec reporter writes of it. */
  output: string
  /** How its failures are shown at the end; empty where there are none. */
  failures: string
}

/** `run` one file, or stop what was started and end. */
export type WorkerOrder = { run: string } | 'end'

const { timeout, slow } = JSON.parse(readFileSync('.mocharc.json', 'utf8')) as {
  timeout: number
  slow: number
}

/** All that reporters have written since it was last taken: lines of workers that run at once must not mix. */
let written: string[] = []
Object.assign(Mocha.reporters.Base, {
  consoleLog: (...words: unknown[]) => written.push(format(...words)),
})

/** The spec reporter without its last words: those come once, for all files. */
class FileReporter extends Mocha.reporters.Spec {
  override epilogue(): void {}
}

// Only this process is measured for coverage: with all that tests start, a run takes a third longer.
delete process.env.NODE_V8_COVERAGE

process.on('message', (order: WorkerOrder) => void obey(order))
// A parent that was killed gives no more orders, and nobody would stop the stores.
process.once('disconnect', () => void obey('end'))
await mochaGlobalSetup()
process.send?.('ready')

async function obey(order: WorkerOrder): Promise<void> {
  if (order !== 'end') {
    process.send?.(await runFile(order.run))
    return
  }
  await mochaGlobalTeardown()
  // As mocha's --exit does: what a test left open must not hold the others up.
  process.exit(0)
}

async function runFile(file: string): Promise<FileResult> {
  const options = { timeout, slow, forbidOnly: true, forbidPending: true, reporter: FileReporter }
  const mocha = new Mocha(options)
  mocha.addFile(file)
  const began = performance.now()
  await mocha.loadFilesAsync()
  const { stats, failed } = await run(mocha)
  mocha.dispose()
  const output = take()
  Mocha.reporters.Base.list(failed)
  return {
    ...{ file, passed: stats.passes, failed: stats.failures, pending: stats.pending },
    seconds: (performance.now() - began) / 1_000,
    output,
    failures: failed.length > 0 ? take() : '',
  }
}

async function run(mocha: Mocha): Promise<{ stats: Mocha.Stats; failed: Mocha.Test[] }> {
  const failed: Mocha.Test[] = []
  return new Promise((resolve) => {
    const runner = mocha.run(() => resolve({ stats: runner.stats as Mocha.Stats, failed }))
    runner.on('fail', (test: Mocha.Test, error: Error) => failed.push(Object.assign(test, { err: error })))
  })
}

function take(): string {
  const text = written.join('\n')
  written = []
  return text
}
