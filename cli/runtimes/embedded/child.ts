import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, type ProcessIdentity } from '../../deployment/process-identity.js'
import type { ComponentState } from '../runtime.js'
import { restartDelay, STABLE_MS } from './backoff.js'
import { isHealthy } from './health.js'
import { logSize, logTail, openLog } from './log-files.js'
import type { ChildPlan } from './plan.js'
import { clearPostmaster } from './postmaster-file.js'
import { redisCommand } from './redis-commands.js'
import { setAsideDamagedFiles } from './redis-recovery.js'
import { runProgram } from './run-program.js'
import { spawnAs } from './service-user.js'

/** What the supervisor tells about one child. */
export interface ChildStatus {
  name: string
  version: string
  pid: number | null
  state: ComponentState
  started_at: number | null
  restarts: number
  last_error: string | null
}

/** Told to the supervisor: the child changed, or something is worth a line in its log. */
export interface ChildEvents {
  changed(): void
  say(text: string): void
}

/** Keeps one program running: starts it, watches its health, restarts it after a death, stops it. */
export class Child {
  private process: ChildProcess | undefined
  private exited: Promise<void> = Promise.resolve()
  private state: ComponentState = 'stopped'
  private startedAt: number | null = null
  private deaths = 0
  private restarts = 0
  /** Where the log of the present life begins: what an earlier one wrote explains nothing now. */
  private logStart = 0
  /** Ends waiting and polling of an earlier life: every start and stop makes a new one. */
  private life = new AbortController()

  constructor(
    readonly plan: ChildPlan,
    private readonly events: ChildEvents,
    public lastError: string | null = null,
  ) {}

  get isHealthy(): boolean {
    return this.state === 'running'
  }

  /** True from `start` until `stop`, dying and waiting to be restarted included. */
  get isWanted(): boolean {
    return this.state !== 'stopped'
  }

  /** The living process; undefined while there is none. */
  get identity(): ProcessIdentity | undefined {
    const pid = this.process?.pid
    return pid === undefined ? undefined : identify(pid)
  }

  status(): ChildStatus {
    return {
      name: this.plan.name,
      version: this.plan.version,
      pid: this.process?.pid ?? null,
      state: this.state,
      started_at: this.process ? this.startedAt : null,
      restarts: this.restarts,
      last_error: this.lastError,
    }
  }

  /** Starts keeping the program running; resolves when it was launched. Safe to repeat. */
  async start(): Promise<void> {
    if (this.isWanted) return
    this.deaths = 0
    this.life = new AbortController()
    await this.launch(this.life.signal)
  }

  /** Stops it for good: politely, then, after its grace, by force. Safe to repeat. */
  async stop(): Promise<void> {
    this.life.abort()
    this.state = 'stopped'
    const { process, exited } = this
    if (process) {
      const force = setTimeout(() => {
        this.remember(`did not stop within ${this.plan.stop.graceMs / 1_000} s and was killed`)
        process.kill('SIGKILL')
      }, this.plan.stop.graceMs)
      await this.askToStop(process)
      await exited
      clearTimeout(force)
    }
    this.events.changed()
  }

  private async launch(signal: AbortSignal): Promise<void> {
    this.state = 'starting'
    try {
      await this.clearTheWay()
      if (signal.aborted) return
      this.spawn(signal)
    } catch (error) {
      void this.afterDeath(signal, error instanceof Error ? error.message : String(error))
    }
  }

  /** Removes what an earlier life of this program left and a new one would stumble over. */
  private async clearTheWay(): Promise<void> {
    const { name, stop, cwd, log } = this.plan
    if (stop.kind === 'pg_ctl') {
      const found = await clearPostmaster(stop.dataDir)
      if (found !== 'none') this.events.say(`${name}: postmaster.pid was left behind (${found})`)
    }
    if (
      stop.kind === 'redis-shutdown' &&
      this.deaths > 0 &&
      (await setAsideDamagedFiles(cwd, logTail(log, this.logStart)))
    ) {
      this.events.say(`${name}: its files are damaged; they were set aside and it starts empty`)
    }
  }

  private spawn(signal: AbortSignal): void {
    const { command, args, env, cwd, user, log } = this.plan
    const output = openLog(log)
    this.logStart = logSize(log)
    const stdio = ['ignore', output, output] as const
    // A copy: Node adds NODE_V8_COVERAGE to the very object it is given, and a changed plan restarts everything.
    const child = spawn(command, args, {
      cwd,
      env: { ...env },
      ...spawnAs(user ?? undefined),
      stdio: [...stdio],
    })
    closeSync(output)
    this.process = child
    this.startedAt = Date.now()
    this.exited = new Promise((settle) => {
      child.once('error', (error) => {
        if (child.pid === undefined) {
          this.process = undefined
          settle()
          void this.afterDeath(signal, error.message)
        }
      })
      child.once('exit', (code, by) => {
        this.process = undefined
        settle()
        void this.afterDeath(signal, describeExit(code, by, logTail(log, this.logStart)))
      })
    })
    this.events.say(`${this.plan.name}: started, process ${child.pid}`)
    this.events.changed()
    void this.watchHealth(child, signal)
  }

  private async watchHealth(child: ChildProcess, signal: AbortSignal): Promise<void> {
    for (let pause = 15; this.process === child && !signal.aborted; pause = Math.min(pause * 1.3, 250)) {
      if (await isHealthy(this.plan.health, child.pid ?? 0)) {
        if (this.process !== child || signal.aborted) return
        this.state = 'running'
        this.events.say(`${this.plan.name}: healthy after ${Date.now() - (this.startedAt ?? 0)} ms`)
        this.events.changed()
        return
      }
      await sleep(pause)
    }
  }

  private async afterDeath(signal: AbortSignal, reason: string): Promise<void> {
    if (signal.aborted) return this.events.changed()
    const lived = Date.now() - (this.startedAt ?? Date.now())
    this.deaths = this.state === 'running' && lived >= STABLE_MS ? 1 : this.deaths + 1
    this.restarts++
    const delay = restartDelay(this.deaths)
    this.state = this.deaths > 1 ? 'failed' : 'starting'
    this.remember(reason)
    this.events.say(`${this.plan.name}: restart in ${delay} ms`)
    this.events.changed()
    await sleep(delay, undefined, { signal }).catch(() => {})
    if (!signal.aborted) await this.launch(signal)
  }

  private remember(what: string): void {
    this.lastError = `${new Date().toISOString()} ${this.plan.name} ${what}`
    this.events.say(this.lastError)
  }

  private async askToStop(process: ChildProcess): Promise<void> {
    const { stop, health, user } = this.plan
    if (stop.kind === 'pg_ctl') {
      const seconds = String(Math.ceil(stop.graceMs / 1_000))
      const args = ['stop', '-D', stop.dataDir, '-m', 'fast', '-w', '-t', seconds]
      const result = await runProgram(stop.pgCtl, args, { user: user ?? undefined }).catch(() => undefined)
      if (result?.code === 0) return
      process.kill('SIGINT')
      return
    }
    if (stop.kind === 'redis-shutdown' && health.kind === 'redis') {
      const password = (await readFile(health.passwordFile, 'utf8').catch(() => '')).trim()
      const answer = await redisCommand({ ...health, password }, ['SHUTDOWN', 'SAVE'], stop.graceMs)
      if (answer === undefined) return
    }
    process.kill('SIGTERM')
  }
}

/** A program that ends by itself usually says why in the last line it writes. */
function describeExit(code: number | null, signal: NodeJS.Signals | null, tail: string): string {
  if (signal === 'SIGKILL' || signal === 'SIGTERM' || signal === 'SIGINT') return `was killed by ${signal}`
  const reason = signal ? `crashed with ${signal}` : `exited with code ${code}`
  const last = tail.trim().split('\n').at(-1)?.trim() ?? ''
  return last === '' ? reason : `${reason}; last log line: ${messageOf(last).slice(0, 300)}`
}

/** The words of a JSON log line; other lines as they are. */
function messageOf(line: string): string {
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } }
    return [msg, err?.message].filter(Boolean).join(': ') || line
  } catch {
    return line
  }
}
