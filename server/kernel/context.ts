import type { Logger } from 'pino'
import { type EnqueuedJob, type EnqueueOptions, enqueue, enqueueFlow, type Flow } from '../jobs/enqueue.js'
import { appendAudit } from '../storage/audit.js'
import type { Database, TransactionScope } from '../storage/database.js'
import { storeEvent } from '../storage/store-event.js'
import type { JobRecord } from './define-job.js'
import { kernelErrors } from './errors.js'
import type { EventName, Events } from './events.js'
import { newRequestId } from './ids.js'
import { judge, type Verdict } from './permissions.js'
import { type ActiveTenant, type Principal, systemPrincipal } from './principal.js'
import type { Resources } from './resources.js'
import type { StateDefinition } from './state.js'

export interface CtxInit {
  principal: Principal | null
  requestId: string
  ip: string
  userAgent: string | null
  /** W3C trace id of the request, 32 hex characters. */
  traceId: string
}

/**
 * What every operation is given: who acts, in which tenant, and the means. One per request, job or event.
 * It holds no request and no response.
 */
export class Ctx {
  readonly resources: Resources
  readonly requestId: string
  readonly ip: string
  readonly userAgent: string | null
  readonly traceId: string
  /** What the operation adds to its audit line. Ids and words only: never a secret. */
  auditDetail: Record<string, unknown> = {}
  /** The tenant whose chain takes the audit line, when it is not the caller's own. */
  auditTenantId: string | null | undefined
  /** Who acted, where the call itself finds that out (login). */
  auditActor: { kind: 'user' | 'key'; id: string } | undefined
  readonly #principal: Principal | null
  #log: Logger | undefined

  constructor(resources: Resources, init: CtxInit) {
    this.resources = resources
    this.#principal = init.principal
    this.requestId = init.requestId
    this.ip = init.ip
    this.userAgent = init.userAgent
    this.traceId = init.traceId
  }

  get config() {
    return this.resources.config
  }
  get db(): Database {
    return this.resources.db
  }
  get redis() {
    return this.resources.redis
  }
  get bus() {
    return this.resources.bus
  }
  get secrets() {
    return this.resources.secrets
  }
  get mail() {
    return this.resources.mail
  }
  get fetch() {
    return this.resources.fetch
  }
  get objects() {
    return this.resources.objects
  }
  get metrics() {
    return this.resources.metrics
  }

  /** Logger that carries the request and trace ids. */
  get log(): Logger {
    this.#log ??= this.resources.log.child({ request_id: this.requestId, trace_id: this.traceId })
    return this.#log
  }

  /** Who acts. Throws 401 where nobody is signed in. */
  get principal(): Principal {
    if (!this.#principal) throw new kernelErrors.Unauthenticated({ reason: 'No credential was sent.' })
    return this.#principal
  }

  /** Who acts, or null on open routes. */
  get principalOrNull(): Principal | null {
    return this.#principal
  }

  /** The organisation the call works in. Throws 400 where none is chosen: there is no fallback. */
  get tenant(): ActiveTenant {
    const tenant = this.#principal?.tenant
    if (!tenant) throw new kernelErrors.TenantRequired()
    return tenant
  }

  now(): Date {
    return this.resources.now()
  }

  /** The service's state in this process. */
  state<S>(definition: StateDefinition<S, Resources>): S {
    return this.resources.states.get(definition, this.resources)
  }

  /** Whether the principal may, from the matrix and, with a target, the object rule. */
  may(permission: string, ...target: [object?]): Verdict & { rule?: boolean } {
    const verdict = judge(this.resources.assembly.permissions, this.principal, permission)
    if (!verdict.allowed || target[0] === undefined) return verdict
    const rule = this.resources.assembly.rules.get(permission)
    if (!rule) return verdict
    const rulePasses = rule({ actor: this.principal, target: target[0] as never, now: this.now() })
    return rulePasses ? verdict : { allowed: false, reason: 'role', rule: false }
  }

  /** Throws 403 (or 400 without a tenant) unless the principal may. Give the loaded object where there is one. */
  authorize(permission: string, ...target: [object?]): void {
    const verdict = this.may(permission, ...target)
    if (verdict.allowed) return
    if (verdict.reason === 'no_tenant') throw new kernelErrors.TenantRequired()
    if (verdict.reason === 'tenant_suspended') throw new kernelErrors.TenantSuspended()
    throw new kernelErrors.Forbidden({ permission })
  }

  /** Runs `work` in the open transaction, or in a new one bound to the caller's tenant. */
  transaction<T>(work: () => Promise<T>): Promise<T> {
    return this.db.transaction(this.scope, work)
  }

  /** Runs `work` in a transaction bound to another tenant; only for a caller already judged. */
  transactionIn<T>(tenantId: string, work: () => Promise<T>): Promise<T> {
    return this.db.transaction({ role: 'app', tenantId }, work)
  }

  /** Runs `work` across tenants as vetrai_system: in the open transaction where that is one, else in a new one. `reason` is for the reader. */
  system<T>(_reason: string, work: () => Promise<T>): Promise<T> {
    return this.db.transaction({ role: 'system', tenantId: this.#principal?.tenant?.id ?? null }, work)
  }

  /** Runs after the open transaction committed; at once where none is open. Errors are logged, not thrown. */
  afterCommit(work: () => unknown): void {
    this.db.afterCommit(work)
  }

  /** Stores an event with the open transaction; it is delivered at least once after commit. */
  async emit<N extends EventName>(name: N, payload: Events[N], tenantId?: string | null): Promise<void> {
    await storeEvent(
      this.resources,
      name,
      payload,
      tenantId === undefined ? (this.#principal?.tenant?.id ?? null) : tenantId,
    )
  }

  /**
   * Stores a job with the open transaction (or in one of its own); a worker has it right after the commit. The job
   * works for the caller's tenant unless `tenantId` says otherwise; null is the installation.
   */
  async enqueue<P>(job: JobRecord<P>, payload: P, options?: EnqueueOptions): Promise<EnqueuedJob> {
    const [made] = await enqueue(this, job, [payload], options)
    return made as EnqueuedJob
  }

  /** Like `enqueue` for many payloads of one kind, in few statements. */
  enqueueMany<P>(
    job: JobRecord<P>,
    payloads: readonly P[],
    options?: Omit<EnqueueOptions, 'unique'>,
  ): Promise<EnqueuedJob[]> {
    return enqueue(this, job, payloads, options)
  }

  /** Stores a job that runs once its children, which may have children, are settled; answers the parent. */
  enqueueFlow<P>(flow: Flow<P>): Promise<EnqueuedJob> {
    return enqueueFlow(this, flow)
  }

  /** Writes an audit line with the open transaction. Routes do this by themselves; this is for jobs and extra lines. */
  async audit(line: {
    action: string
    target?: string | null
    tenantId?: string | null
    detail?: Record<string, unknown>
  }) {
    await appendAudit(this.db, {
      tenantId: line.tenantId === undefined ? (this.#principal?.tenant?.id ?? null) : line.tenantId,
      action: line.action,
      target: line.target ?? null,
      outcome: 'success',
      detail: line.detail ?? {},
      ...this.auditIdentity(),
    })
  }

  /** Who and from where, as audit lines record it. */
  auditIdentity() {
    const principal = this.#principal
    return {
      actorKind: this.auditActor?.kind ?? principal?.kind ?? 'anonymous',
      actorId: this.auditActor?.id ?? principal?.id ?? null,
      impersonatorId: principal?.kind === 'user' ? principal.impersonatorId : null,
      ip: this.ip,
      requestId: this.requestId,
    }
  }

  /** What a transaction of this caller may see. */
  get scope(): TransactionScope {
    return { role: 'app', tenantId: this.#principal?.tenant?.id ?? null }
  }
}

/** A context for work outside of a request: jobs, event handlers, seeds; `requestId` is that of the request it began with. */
export function backgroundContext(
  resources: Resources,
  name: string,
  tenant: ActiveTenant | null = null,
  requestId?: string,
): Ctx {
  const id = requestId ?? newRequestId()
  return new Ctx(resources, {
    principal: systemPrincipal(name, tenant),
    requestId: id,
    ip: '127.0.0.1',
    userAgent: null,
    traceId: requestId === undefined ? id : newRequestId(),
  })
}
