import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineState } from '../../../../kernel/resources.js'
import {
  EVALUATION_LIMITS,
  type EvaluationAnswer,
  type EvaluationRequest,
  READY,
} from './sandbox-protocol.js'

/** Why an expression has no result. `limit`: it took too long, too much memory or made too much. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError'
  constructor(
    readonly code: 'expression_failed' | 'expression_limit',
    message: string,
  ) {
    super(message)
  }
}

/** Processes at most; each evaluates one expression at a time, so that whoever breaks it is known. */
const PROCESSES_MAX = 2
/** Milliseconds after which a process that answers nothing is ended: it stops an evaluation itself long before. */
const KILL_MS = 10 * EVALUATION_LIMITS.timeMs
/** Milliseconds in which a process must have started. */
const START_MS = 30_000
/** Processes that may end before they have started until what waits is given up. */
const STARTS_MAX = 3
/** Milliseconds without work after which a process goes. */
const IDLE_MS = 60_000
const HEAP_MB = 128

interface Task {
  request: EvaluationRequest
  resolve(json: string): void
  reject(error: Error): void
}

/**
 * Evaluates expressions of tenants in processes of their own, which hold nothing worth having and may be ended at any
 * time: an expression can neither reach this process nor hold it up, and one that breaks its process fails alone.
 * Tenants take turns. Processes begin with the first expression and go when there are none for a while.
 */
export class Evaluator {
  readonly #waiting = new Map<string, Task[]>()
  readonly #processes = new Set<Sandbox>()
  readonly #start: () => ChildProcess
  #closed = false
  #lastId = 0
  #failedStarts = 0

  /** `start` begins a process of `sandbox.ts`. */
  constructor({ start = startProcess }: { start?: () => ChildProcess } = {}) {
    this.#start = start
  }

  /**
   * The result of an expression over a scope, both as JSON text. Rejects with EvaluationError where it has none, with another
   * error where nothing could be evaluated: it may have one the next time.
   */
  evaluate(tenantId: string, expression: string, scope: string): Promise<string> {
    this.#lastId += 1
    const request = { id: this.#lastId, tenantId, expression, scope }
    return new Promise((resolve, reject) => {
      const queue = this.#waiting.get(tenantId) ?? []
      queue.push({ request, resolve, reject })
      this.#waiting.set(tenantId, queue)
      this.#next()
    })
  }

  /** Ends the processes; what still waits is rejected. */
  close(): void {
    this.#closed = true
    for (const sandbox of this.#processes) sandbox.end()
    this.#rejectAll(new EvaluationError('expression_failed', 'the server is ending'))
  }

  #rejectAll(error: Error): void {
    for (const tasks of this.#waiting.values()) for (const task of tasks) task.reject(error)
    this.#waiting.clear()
  }

  #next(): void {
    while (this.#waiting.size > 0 && !this.#closed) {
      const sandbox = this.#freeSandbox()
      if (!sandbox) return
      const [tenantId, tasks] = this.#waiting.entries().next().value ?? ['', []]
      const task = tasks.shift()
      // Whoever still has some goes to the end of the line.
      this.#waiting.delete(tenantId)
      if (tasks.length > 0) this.#waiting.set(tenantId, tasks)
      if (task) sandbox.run(task)
    }
  }

  /** None while all work or have not started yet; each that is free later asks for the next task. */
  #freeSandbox(): Sandbox | undefined {
    for (const sandbox of this.#processes) if (sandbox.isFree) return sandbox
    if (this.#processes.size < PROCESSES_MAX) this.#begin()
    return undefined
  }

  #begin(): void {
    const sandbox = new Sandbox(this.#start(), {
      onFree: () => {
        this.#failedStarts = 0
        this.#next()
      },
      onEnd: (hadStarted) => {
        this.#processes.delete(sandbox)
        this.#failedStarts = hadStarted ? 0 : this.#failedStarts + 1
        if (this.#failedStarts >= STARTS_MAX) {
          this.#failedStarts = 0
          this.#rejectAll(new Error(`no process for expressions started, ${STARTS_MAX} times in a row`))
        }
        this.#next()
      },
    })
    this.#processes.add(sandbox)
  }
}

interface SandboxEvents {
  /** It has started, or is done with a task. */
  onFree: () => void
  onEnd: (hadStarted: boolean) => void
}

/** One process and the task it has in hand. */
class Sandbox {
  readonly #child: ChildProcess
  readonly #onFree: () => void
  #task: Task | undefined
  #deadline: NodeJS.Timeout | undefined
  #idle: NodeJS.Timeout | undefined
  #hasStarted = false
  #isEnding = false
  #isGone = false

  constructor(child: ChildProcess, { onFree, onEnd }: SandboxEvents) {
    this.#onFree = onFree
    this.#child = child
    child.on('message', (message: typeof READY | EvaluationAnswer) => {
      if (message === READY) this.#hasStarted = true
      else if (message.id === this.#task?.request.id) this.#settle(message)
      else return
      this.#rest()
    })
    // One that cannot even be begun exits never.
    const over = () => {
      if (this.#isGone) return
      this.#isGone = true
      clearTimeout(this.#idle)
      clearTimeout(this.#deadline)
      this.#settle({ error: { code: 'died', message: 'it needed more memory or time than there is' } })
      onEnd(this.#hasStarted)
    }
    child.on('error', () => (child.pid === undefined ? over() : this.end()))
    child.on('exit', over)
    child.unref()
    this.#endAfter(START_MS)
  }

  get isFree(): boolean {
    return this.#hasStarted && this.#task === undefined && !this.#isEnding && !this.#isGone
  }

  run(task: Task): void {
    this.#task = task
    clearTimeout(this.#idle)
    // Only while it works does it keep this process alive.
    this.#child.channel?.ref()
    this.#endAfter(KILL_MS)
    this.#child.send(task.request, (error) => {
      if (error) this.end()
    })
  }

  end(): void {
    this.#isEnding = true
    this.#child.kill('SIGKILL')
  }

  /** Ends the process, unless an answer is there already and only this process had no time to read it. */
  #endAfter(ms: number): void {
    const late = () => {
      const deadline = this.#deadline
      setImmediate(() => {
        if (this.#deadline === deadline) this.end()
      })
    }
    this.#deadline = setTimeout(late, ms)
  }

  #rest(): void {
    clearTimeout(this.#deadline)
    this.#deadline = undefined
    this.#child.channel?.unref()
    this.#idle = setTimeout(() => this.end(), IDLE_MS)
    this.#idle.unref()
    this.#onFree()
  }

  #settle({ json, error }: Omit<EvaluationAnswer, 'id'>): void {
    const task = this.#task
    this.#task = undefined
    if (!task) return
    if (json !== undefined) task.resolve(json)
    else task.reject(evaluationError(error ?? { code: 'failed', message: 'it came to no result' }))
  }
}

/** Codes of JSONata and of the sandbox that mean a bound was met. */
const LIMITS = new Set(['timeout', 'too_large', 'died', 'D1011', 'D1012', 'D2014', 'D2015'])

function evaluationError({ code, message }: { code: string; message: string }): EvaluationError {
  return new EvaluationError(
    LIMITS.has(code) ? 'expression_limit' : 'expression_failed',
    message.slice(0, 500),
  )
}

/**
 * Starts the sandbox: no variables of ours, a small heap, no code made of text, and by Node's permission model no
 * files but its own, no further processes and no threads.
 */
function startProcess(): ChildProcess {
  const file = fileURLToPath(new URL('./sandbox.js', import.meta.url))
  const library = createRequire(import.meta.url).resolve('jsonata')
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  return fork(file, [library], {
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [
      `--max-old-space-size=${HEAP_MB}`,
      '--disallow-code-generation-from-strings',
      permission,
      ...[file, join(dirname(file), 'sandbox-protocol.js'), library, ...packageFiles(file)].map(
        (path) => `--allow-fs-read=${path}`,
      ),
    ],
  })
}

/** Node looks above a module for the package it belongs to. */
function packageFiles(file: string): string[] {
  const files: string[] = []
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    files.push(join(folder, 'package.json'))
  }
  return files
}

/** The evaluator of this process. */
export const evaluator = defineState(
  'workflows.evaluator',
  () => new Evaluator(),
  (state) => state.close(),
)
