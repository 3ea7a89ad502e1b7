import { setTimeout as sleep } from 'node:timers/promises'
import { Child, type ChildEvents } from './child.js'
import { loadMemory, saveMemory } from './children-file.js'
import type { ControlAnswer, ControlRequest } from './control-protocol.js'
import { type LogBounds, rotateLog } from './log-files.js'
import { fingerprint, type Plan, writePlan } from './plan.js'

/** What a supervisor is given by its process. */
export interface SupervisorOptions {
  runFolder: string
  plan: Plan
  /** Children that wait for a `start` request, such as a server whose database is to be migrated first. */
  hold: string[]
  supervisorLog: string
  logBounds: LogBounds
  say(text: string): void
}

/** Keeps the children of one deployment running, in the order of their needs. */
export class Supervisor {
  private plan: Plan
  private children: Child[] = []
  private held: Set<string>
  private stopping = false
  /** Requests that change something run one after the other. */
  private queue: Promise<unknown> = Promise.resolve()

  constructor(private readonly options: SupervisorOptions) {
    this.plan = options.plan
    this.held = new Set(options.hold)
    const { lastErrors } = loadMemory(options.runFolder)
    this.children = this.plan.children.map((child) => new Child(child, this.events(), lastErrors[child.name]))
  }

  /** Starts every child that is not held, each as soon as its needs are healthy. */
  run(): void {
    for (const child of this.children) void this.startWhenNeedsAreMet(child)
  }

  /** Answers one control request. */
  async handle(request: ControlRequest): Promise<ControlAnswer> {
    if (request.command === 'apply') await this.enqueue(() => this.apply(request))
    if (request.command === 'start') await this.enqueue(async () => this.release(request.name))
    if (request.command === 'stop') await this.enqueue(() => this.stop())
    return {
      ok: true,
      pid: process.pid,
      plan: this.plan,
      children: this.children.map((child) => child.status()),
    }
  }

  /** Stops all children, dependents first. */
  async stop(): Promise<void> {
    this.stopping = true
    await this.stopChildren(this.children)
  }

  /** Keeps every log within its bounds; call it every few seconds. */
  rotateLogs(): void {
    const logs = [this.options.supervisorLog, ...this.children.map((child) => child.plan.log)]
    for (const log of logs) {
      try {
        rotateLog(log, this.options.logBounds)
      } catch (error) {
        this.options.say(`log ${log} could not be rotated: ${String(error)}`)
      }
    }
  }

  /** Converges on another plan: what changed or is to be restarted is replaced, the rest runs on. */
  private async apply({ plan, restart, hold }: ControlRequest & { command: 'apply' }): Promise<void> {
    const kept = (child: Child) =>
      !restart.includes(child.plan.name) &&
      plan.children.some((wanted) => fingerprint(wanted) === fingerprint(child.plan))
    await this.stopChildren(this.children.filter((child) => !kept(child)))
    const before = this.children
    this.children = plan.children.map((wanted) => {
      const old = before.find((child) => child.plan.name === wanted.name)
      return old && kept(old) ? old : new Child(wanted, this.events(), old?.lastError ?? null)
    })
    this.plan = plan
    this.held = new Set(hold)
    await writePlan(this.options.runFolder, plan)
    this.run()
  }

  private release(name: string): void {
    this.held.delete(name)
    const child = this.children.find((one) => one.plan.name === name)
    if (!child) throw new Error(`there is no component "${name}"`)
    void this.startWhenNeedsAreMet(child)
  }

  private async startWhenNeedsAreMet(child: Child): Promise<void> {
    const isCurrent = () => !this.stopping && this.children.includes(child) && !this.held.has(child.plan.name)
    while (isCurrent()) {
      const needs = this.children.filter((other) => child.plan.needs.includes(other.plan.name))
      if (needs.every((other) => other.isHealthy)) return child.start()
      await sleep(10)
    }
  }

  /** Dependents come later in the plan, so they are stopped first; independent ones stop together. */
  private async stopChildren(children: Child[]): Promise<void> {
    let remaining = [...children]
    while (remaining.length > 0) {
      const isNeeded = (child: Child) => remaining.some((other) => other.plan.needs.includes(child.plan.name))
      const free = remaining.filter((child) => !isNeeded(child))
      const batch = free.length > 0 ? free : remaining
      await Promise.all(batch.map((child) => child.stop()))
      remaining = remaining.filter((child) => !batch.includes(child))
    }
  }

  private events(): ChildEvents {
    return { changed: () => this.remember(), say: this.options.say }
  }

  private remember(): void {
    const children = this.children.flatMap((child) => {
      const { identity } = child
      return identity ? [{ name: child.plan.name, ...identity }] : []
    })
    const errors = this.children.flatMap(({ plan, lastError }) => (lastError ? [[plan.name, lastError]] : []))
    saveMemory(this.options.runFolder, { children, lastErrors: Object.fromEntries(errors) })
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work)
    this.queue = result.catch(() => {})
    return result
  }
}
