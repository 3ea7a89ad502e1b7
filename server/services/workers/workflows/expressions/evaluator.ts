import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineState } from '../../../../kernel/resources.js'
import { EVALUATION_LIMITS, type EvaluationAnswer, type EvaluationRequest } from './sandbox-protocol.js'

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
/** Milliseconds after which a process that answers nothing is ended. */
const KILL_MS = EVALUATION_LIMITS.timeMs + 1_500
/** Milliseconds without work after which a process goes. */
const IDLE_MS = 60_000
const HEAP_MB = 128

interface Task {
  request: EvaluationRequest
  resolve(json: string): void
  reject(error: EvaluationError): void
}

/**
 * Evaluates expressions of tenants in processes of their own, which hold nothing worth having and may be ended at any
 * time: an expression can neither reach this process nor hold it up, and one that breaks its process fails alone.
 * Tenants take turns. Processes begin with the first expression and go when there are none for a while.
 */
export class Evaluator {
  readonly #waiting = new Map<string, Task[]>()
  readonly #processes = new Set<Sandbox>()
  #closed = false
  #lastId = 0

  /** The result of an expression over a scope, both as JSON text. Rejects with EvaluationError. */
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
    for (const tasks of this.#waiting.values()) {
      for (const task of tasks) task.reject(new EvaluationError('expression_failed', 'the server is ending'))
    }
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

  #freeSandbox(): Sandbox | undefined {
    for (const sandbox of this.#processes) if (sandbox.isFree) return sandbox
    if (this.#processes.size >= PROCESSES_MAX) return undefined
    const sandbox = new Sandbox({
      onFree: () => this.#next(),
      onEnd: () => {
        this.#processes.delete(sandbox)
        this.#next()
      },
    })
    this.#processes.add(sandbox)
    return sandbox
  }
}

/** One process and the task it has in hand. */
class Sandbox {
  readonly #child: ChildProcess
  readonly #onFree: () => void
  #task: Task | undefined
  #deadline: NodeJS.Timeout | undefined
  #idle: NodeJS.Timeout | undefined
  #isOver = false

  constructor({ onFree, onEnd }: { onFree: () => void; onEnd: () => void }) {
    this.#onFree = onFree
    this.#child = startProcess()
    this.#child.on('message', (answer: EvaluationAnswer) => this.#take(answer))
    this.#child.on('error', () => this.end())
    this.#child.on('exit', () => {
      this.#isOver = true
      clearTimeout(this.#idle)
      this.#settle({ error: { code: 'died', message: 'it needed more memory or time than there is' } })
      onEnd()
    })
    this.#child.unref()
    this.#child.channel?.unref()
  }

  get isFree(): boolean {
    return this.#task === undefined && !this.#isOver
  }

  run(task: Task): void {
    this.#task = task
    clearTimeout(this.#idle)
    // Only while it works does it keep this process alive.
    this.#child.channel?.ref()
    this.#deadline = setTimeout(() => this.end(), KILL_MS)
    this.#child.send(task.request, (error) => {
      if (error) this.end()
    })
  }

  end(): void {
    this.#isOver = true
    this.#child.kill('SIGKILL')
  }

  #take(answer: EvaluationAnswer): void {
    if (answer.id !== this.#task?.request.id) return
    this.#settle(answer)
    this.#child.channel?.unref()
    this.#idle = setTimeout(() => this.end(), IDLE_MS)
    this.#idle.unref()
    this.#onFree()
  }

  #settle({ json, error }: Omit<EvaluationAnswer, 'id'>): void {
    clearTimeout(this.#deadline)
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
