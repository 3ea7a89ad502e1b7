import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import { parseAllowList } from '../../../../outbound/allow-list.js'
import { type Part, partText } from '../expressions/template.js'
import type { RetryPolicy } from '../graph/pieces.js'
import type { ActionNode } from '../graph/schema.js'
import { LOST_STARTS_MAX } from '../limits.js'
import { openSecrets } from '../models/secret.js'
import { runApproval } from '../nodes/approval.js'
import { callHttp } from '../nodes/http.js'
import { runJob } from '../nodes/job.js'
import { askModel } from '../nodes/model.js'
import { runNotification } from '../nodes/notification.js'
import {
  type Revealed,
  type Step,
  StepFailure,
  type StepResult,
  type WaitAnswer,
  type WaitRequest,
} from '../nodes/step.js'
import { runSubWorkflow } from '../nodes/sub-workflow.js'
import { runTransform } from '../nodes/transform.js'
import { runWait } from '../nodes/wait.js'
import { beginSubRun } from './begin-run.js'
import type { Move, Place } from './compile.js'
import { fail, succeed } from './control.js'
import type { Execution, StepInHand } from './execution.js'
import { storable } from './values.js'

/** Pauses up to this long are waited for in place; for longer ones the job ends. */
const PAUSE_IN_PLACE_MS = 2_000

/** Nodes that act on the world: that they begin is kept before they do. */
const ACTS: ReadonlySet<ActionNode['type']> = new Set(['http', 'model', 'notification'])

/** Executes a node that does something, tries again what may pass, and ends as the node has it. */
export async function runAction(execution: Execution, node: ActionNode, place: Place): Promise<Move> {
  const step = execution.begin(node, place)
  try {
    const { output } = await attempt(execution, node, step)
    return succeed(execution, step, storable(output), node.next)
  } catch (error) {
    return fail(execution, step, error, node.next)
  }
}

async function attempt(execution: Execution, node: ActionNode, step: StepInHand): Promise<StepResult> {
  const policy: RetryPolicy = ('retry' in node ? node.retry : undefined) ?? {
    attempts: 1,
    delay_ms: 0,
    max_delay_ms: 0,
  }
  endPause(execution, step)
  for (;;) {
    if (!execution.waitOf(step)) await beginAttempt(execution, node, step, policy)
    try {
      return await perform(new StepRun(execution, step), node)
    } catch (error) {
      if (!(error instanceof StepFailure) || !error.options.isRetryable || step.attempts >= policy.attempts)
        throw error
      await pause(execution, step, pauseMs(policy, step.attempts, error.options.retryAfterMs ?? null))
    }
  }
}

/** A step that ends its process each time it is begun must not do so for ever. */
async function beginAttempt(
  execution: Execution,
  node: ActionNode,
  step: StepInHand,
  policy: RetryPolicy,
): Promise<void> {
  step.attempts += 1
  if (!ACTS.has(node.type)) return
  if (step.attempts > policy.attempts + LOST_STARTS_MAX)
    throw new StepFailure('lost', 'The process ended each time while this step was executed.')
  await execution.tellStart(step)
}

function perform(step: Step, node: ActionNode): Promise<StepResult> {
  switch (node.type) {
    case 'model':
      return askModel(step, node.config)
    case 'http':
      return callHttp(step, node.config)
    case 'transform':
      return runTransform(step, node.config)
    case 'wait':
      return runWait(step, node.config)
    case 'approval':
      return runApproval(step, node.config)
    case 'job':
      return runJob(step, node.config)
    case 'workflow':
      return runSubWorkflow(step, node.config)
    case 'notification':
      return runNotification(step, node.config)
  }
}

/** The other end's own wish, else doubling pauses with full jitter. */
function pauseMs({ delay_ms, max_delay_ms }: RetryPolicy, attempts: number, wished: number | null): number {
  if (wished !== null) return wished
  return Math.floor(Math.random() * Math.min(max_delay_ms, delay_ms * 2 ** (attempts - 1)))
}

async function pause(execution: Execution, step: StepInHand, ms: number): Promise<void> {
  if (ms <= PAUSE_IN_PLACE_MS) {
    await sleep(ms, undefined, { signal: execution.signal })
    return
  }
  await execution.openWait(step, {
    kind: 'retry',
    dueAt: new Date(execution.ctx.now().getTime() + ms),
    spec: { attempt: step.attempts },
  })
  execution.suspend(step)
}

function endPause(execution: Execution, step: StepInHand): void {
  const wait = execution.waitOf(step)
  if (wait?.kind !== 'retry') return
  if (wait.status === 'pending') execution.suspend(step)
  execution.takeAnswer(step, wait)
}

/** The one implementation of what nodes are given. */
class StepRun implements Step {
  readonly #execution: Execution
  readonly #step: StepInHand

  constructor(execution: Execution, step: StepInHand) {
    this.#execution = execution
    this.#step = step
  }

  get ctx() {
    return this.#execution.ctx
  }
  get runId(): string {
    return this.#execution.runId
  }
  get id(): string {
    return this.#step.node.id
  }
  get iteration(): string {
    return this.#step.iteration
  }
  get idempotencyKey(): string {
    return [this.runId, this.id, this.iteration].filter((part) => part !== '').join(':')
  }
  get signal(): AbortSignal {
    return this.#execution.signal
  }

  async config<S extends z.ZodType>(schema: S, raw: unknown): Promise<z.output<S>> {
    const filled = await this.#execution.fill(this.#step.place, raw)
    const parsed = schema.safeParse(filled)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw new StepFailure(
      'invalid_config',
      `"${issue?.path.join('.') ?? ''}" ${issue?.message ?? 'does not fit'}`,
    )
  }

  evaluate(expression: string): Promise<unknown> {
    return this.#execution.evaluate(this.#step.place, expression)
  }

  async reveal(texts: Readonly<Record<string, readonly Part[]>>, url: URL): Promise<Revealed> {
    const names = Object.values(texts).flatMap((parts) =>
      parts.flatMap((part) => ('secret' in part ? [part.secret] : [])),
    )
    const secrets = await this.#secretsFor(names, url)
    const revealed: Revealed = { real: {}, shown: {}, secrets: secrets.forms }
    for (const [name, parts] of Object.entries(texts)) {
      const results = new Map<string, unknown>()
      for (const part of parts)
        if ('expression' in part) results.set(part.expression, await this.evaluate(part.expression))
      const textOf = (part: Part) => partText(part, (expression) => results.get(expression))
      revealed.shown[name] = parts.map(textOf).join('')
      revealed.real[name] = parts
        .map((part) => ('secret' in part ? (secrets.values.get(part.secret) ?? '') : textOf(part)))
        .join('')
    }
    return revealed
  }

  /** Secrets for a URL; throws where one is not for its host, or would be sent in the clear. */
  async #secretsFor(
    names: readonly string[],
    url: URL,
  ): Promise<{ values: Map<string, string>; forms: string[] }> {
    const values = new Map<string, string>()
    if (names.length === 0) return { values, forms: [] }
    const opened = await this.ctx.transaction(() => openSecrets(this.ctx, names))
    for (const name of names) {
      const secret = opened.get(name)
      if (!secret) throw new StepFailure('unknown_secret', `There is no secret "${name}".`)
      if (!secret.hosts.includes(url.hostname))
        throw new StepFailure('secret_elsewhere', `The secret "${name}" is not for ${url.hostname}.`)
      values.set(name, secret.value)
    }
    const { OUTBOUND_ALLOW } = this.ctx.config
    if (url.protocol !== 'https:' && !isOpened(OUTBOUND_ALLOW, url))
      throw new StepFailure('secret_in_the_clear', 'A secret is sent by https only.')
    return { values, forms: [...values.values()].flatMap(formsOf) }
  }

  show(input: unknown): void {
    this.#step.input = input
  }

  tokensLeft(): number {
    return this.#execution.tokensLeft()
  }

  useTokens(count: number): void {
    this.#execution.useTokens(this.#step, count)
  }

  beginWorkflow(
    target: { template: string; version: number; input: Record<string, unknown> },
    waitId: string,
  ): Promise<string> {
    const { id: runId, depth } = this.#execution.run
    return beginSubRun(this.ctx, target, { runId, waitId, depth })
  }

  async wait(request: WaitRequest): Promise<WaitAnswer> {
    const wait = this.#execution.waitOf(this.#step)
    if (!wait) await this.#execution.openWait(this.#step, request)
    if (!wait?.answer) this.#execution.suspend(this.#step)
    this.#execution.takeAnswer(this.#step, wait)
    const { answer, answeredBy } = wait
    if ('due' in answer) return { kind: 'due' }
    if ('code' in answer) return { kind: 'failed', ...answer }
    return { kind: 'answered', value: answer.value, by: answeredBy }
  }
}

/** Hosts that the operator opened are the operator's own network. */
function isOpened(allowed: readonly string[], url: URL): boolean {
  const list = parseAllowList(allowed)
  const port = url.port === '' ? 80 : Number(url.port)
  return list.allowsHost(url.hostname, port) || list.allowsAddress(url.hostname, port)
}

/** A secret as it may stand in an answer: itself, in JSON, in an address, in basic authentication. */
function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  return [...new Set([secret, json, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])]
}
