import type { MountedRoute } from '../kernel/assemble.js'
import type { Ctx } from '../kernel/context.js'
import { AppError } from '../kernel/define-errors.js'
import type { AuditRule, RouteRecord } from '../kernel/define-route.js'
import type { StreamHandle } from '../kernel/define-stream.js'
import { kernelErrors } from '../kernel/errors.js'
import type { Principal } from '../kernel/principal.js'
import type { PageContent } from '../kernel/schema.js'
import { appendAudit } from '../storage/audit.js'
import type { TransactionScope } from '../storage/database.js'
import type { Answer } from './answer.js'
import { etagOf, matchNames, noneMatchNames } from './conditional.js'
import type { Exchange } from './exchange.js'
import { isIdempotencyKey, runOnce } from './idempotency.js'
import { answerPage } from './page.js'
import { type ParsedInput, readInput } from './read-input.js'
import type { TimeLimit } from './time-limit.js'

type OpenStream = (ctx: Ctx, input: unknown, stream: StreamHandle) => Promise<AsyncIterable<unknown> | null>

/** Access, input, transaction, operation, output, audit of one request, in that order. */
export async function runRoute(
  ctx: Ctx,
  route: MountedRoute,
  rawParams: Record<string, string>,
  exchange: Exchange,
  time: TimeLimit,
): Promise<Answer> {
  const { record } = route
  if (record.access.kind === 'can') ctx.authorize(record.access.permission)
  else if (record.access.kind === 'signedIn') refuseSubscriber(ctx.principal)
  const input = await readInput(exchange.request, record, rawParams, exchange.search)

  if (record.method === 'get' && record.transaction === 'manual')
    return answerOf(ctx, record, input, exchange)
  try {
    await record.before?.(ctx, input as never)
    return await inTransaction(ctx, route, input, rawParams, exchange, time)
  } catch (thrown) {
    await auditRefusal(ctx, record, input, thrown)
    throw thrown
  }
}

/** "Anybody signed in" means people and programs of this API, not the end users of a tenant. */
function refuseSubscriber({ kind }: Principal): void {
  if (kind !== 'subscriber') return
  throw new kernelErrors.Unauthenticated({
    reason: "A subscriber's token opens that subscriber's own inbox only.",
  })
}

async function inTransaction(
  ctx: Ctx,
  route: MountedRoute,
  input: ParsedInput,
  rawParams: Record<string, string>,
  exchange: Exchange,
  time: TimeLimit,
): Promise<Answer> {
  const { record } = route
  const scope = scopeOf(ctx, record)
  const key = keyOf(exchange, record)
  if (!scope && !key && !ifMatchOf(exchange, record)) return answerOf(ctx, record, input, exchange)

  return ctx.db.transaction(scope ?? callerScope(ctx), async () => {
    const work = () => effect(ctx, route, input, rawParams, exchange)
    const answer = key
      ? await runOnce(ctx, `${record.method} ${exchange.path}`, key, fingerprint(exchange, input), work)
      : await work()
    time.beforeCommit()
    return answer
  })
}

async function effect(
  ctx: Ctx,
  route: MountedRoute,
  input: ParsedInput,
  rawParams: Record<string, string>,
  exchange: Exchange,
): Promise<Answer> {
  const ifMatch = ifMatchOf(exchange, route.record)
  const reading = route.record.method === 'get' ? undefined : versionOf(ctx, route)
  // Also who names no version waits: it would else slip in between another's comparison and its change.
  if (reading || ifMatch) await lockAddress(ctx, exchange.path)
  if (ifMatch) await checkPrecondition(ctx, reading, rawParams, ifMatch)
  return answerOf(ctx, route.record, input, exchange)
}

async function answerOf(
  ctx: Ctx,
  record: RouteRecord,
  input: ParsedInput,
  exchange: Exchange,
): Promise<Answer> {
  if (record.stream) return openStream(ctx, record, input, exchange)
  const handle = record.handler as (ctx: Ctx, input: unknown) => unknown
  const pending = handle(ctx, input)
  const output = pending instanceof Promise ? await pending : pending
  const checked = record.output.safeParse(output)
  if (!checked.success) {
    ctx.log.error(
      { route: record.id, issues: checked.error.issues.map((i) => [i.path.join('.'), i.code]) },
      'output does not match its schema',
    )
    throw new kernelErrors.Internal()
  }
  if (!('none' in record.audit)) await writeAudit(ctx, record, input, checked.data)
  return present(ctx, record, checked.data, exchange)
}

/** Opening a stream is a request like any other; its events are sent once whatever that wrote is committed. */
async function openStream(
  ctx: Ctx,
  record: RouteRecord,
  input: ParsedInput,
  exchange: Exchange,
): Promise<Answer> {
  const handle = record.handler as OpenStream
  // Every stream was admitted before, with its signal.
  const { signal = AbortSignal.abort() } = exchange
  const events = await handle(ctx, input, { lastEventId: input.lastEventId, signal })
  if (!('none' in record.audit)) await writeAudit(ctx, record, input, undefined)
  return { status: events ? 200 : 204, headers: {}, body: null, ...(events ? { events } : {}) }
}

function present(ctx: Ctx, record: RouteRecord, output: unknown, exchange: Exchange): Answer {
  const status = record.status ?? 200
  const headers: Record<string, string> = {}
  if (record.cache) headers['Cache-Control'] = record.cache
  if (record.location) headers.Location = record.location(output as never)
  if (status === 204 || output === undefined) return { status: 204, headers, body: null }
  if (record.produces === 'page') {
    const page = answerPage(output as PageContent, { path: exchange.path, appName: ctx.config.VETRAI_NAME })
    return { ...page, status, headers: { ...headers, ...page.headers } }
  }
  const body = JSON.stringify(output)
  headers['Content-Type'] = 'application/json'
  if (record.etag && record.method === 'get') {
    const etag = etagOf(body)
    headers.ETag = etag
    if (!record.cache) headers['Cache-Control'] = 'private, no-cache'
    const known = exchange.request.headers['if-none-match']
    if (known !== undefined && noneMatchNames(known, etag)) return { status: 304, headers, body: null }
  }
  return { status, headers, body }
}

/** Which transaction wraps the whole call; undefined when the operation opens its own. */
function scopeOf(ctx: Ctx, record: RouteRecord): TransactionScope | undefined {
  if (record.transaction === 'manual') return undefined
  return record.transaction === 'system' ? { role: 'system', tenantId: null } : callerScope(ctx)
}

function callerScope(ctx: Ctx): TransactionScope {
  return { role: 'app', tenantId: ctx.principalOrNull?.tenant?.id ?? null }
}

function keyOf(exchange: Exchange, record: RouteRecord): string | undefined {
  if (record.method !== 'post' && record.method !== 'patch') return undefined
  const key = exchange.request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || !isIdempotencyKey(key)) {
    throw new kernelErrors.Malformed({ what: 'Idempotency-Key must be 1 to 255 visible ASCII characters.' })
  }
  return key
}

function ifMatchOf(exchange: Exchange, record: RouteRecord): string | undefined {
  if (record.method === 'get' || record.method === 'post') return undefined
  return exchange.request.headers['if-match']
}

function fingerprint(exchange: Exchange, input: ParsedInput): Buffer {
  return Buffer.concat([Buffer.from(`${exchange.search}\0`), input.rawBody ?? Buffer.alloc(0)])
}

/** The GET route of the same address, where that has versions. */
function versionOf(ctx: Ctx, route: MountedRoute): MountedRoute | undefined {
  return ctx.resources.assembly.routes.find(
    ({ record, path }) => record.method === 'get' && record.etag === true && path === route.path,
  )
}

/** Changes at one address run one after the other, so that of two with the same tag only the first succeeds. */
async function lockAddress(ctx: Ctx, path: string): Promise<void> {
  await ctx.db.query({
    name: 'if-match-lock',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [`${ctx.principalOrNull?.tenant?.id ?? ''} ${path}`],
  })
}

/** Compares If-Match with what the GET route of the same address answers now. */
async function checkPrecondition(
  ctx: Ctx,
  reading: MountedRoute | undefined,
  rawParams: Record<string, string>,
  ifMatch: string,
): Promise<void> {
  if (!reading) throw new kernelErrors.PreconditionFailed()
  const { record } = reading
  const params = record.input.params?.parse(rawParams)
  const query = record.input.query?.parse({})
  const handle = record.handler as (ctx: Ctx, input: unknown) => unknown
  const current = record.output.parse(await handle(ctx, { params, query, body: undefined }))
  if (!matchNames(ifMatch, etagOf(JSON.stringify(current)))) throw new kernelErrors.PreconditionFailed()
}

async function writeAudit(ctx: Ctx, record: RouteRecord, input: ParsedInput, result: unknown): Promise<void> {
  const rule = record.audit as Exclude<AuditRule, { none: string }>
  const tenantId =
    ctx.auditTenantId === undefined ? (ctx.principalOrNull?.tenant?.id ?? null) : ctx.auditTenantId
  const line = {
    tenantId,
    action: rule.action,
    target: targetOf(ctx, rule.target, input, result),
    outcome: 'success' as const,
    detail: ctx.auditDetail,
    ...ctx.auditIdentity(),
  }
  if (ctx.db.inTransaction && canAppend(ctx.db.scope, tenantId)) return appendAudit(ctx.db, line)
  await ctx.db.transaction({ role: 'system', tenantId: null }, () => appendAudit(ctx.db, line))
}

/** The open transaction may append to the installation's chain and to its own tenant's. */
function canAppend(scope: TransactionScope | undefined, tenantId: string | null): boolean {
  return scope?.role === 'system' || tenantId === null || scope?.tenantId === tenantId
}

/** Refused attempts are recorded by themselves, because their transaction is taken back. */
async function auditRefusal(
  ctx: Ctx,
  record: RouteRecord,
  input: ParsedInput,
  thrown: unknown,
): Promise<void> {
  if ('none' in record.audit || !record.audit.refusals) return
  if (!(thrown instanceof AppError) || ![401, 403, 423, 429].includes(thrown.status)) return
  const rule = record.audit
  const line = {
    tenantId: ctx.auditTenantId === undefined ? (ctx.principalOrNull?.tenant?.id ?? null) : ctx.auditTenantId,
    action: rule.action,
    target: targetOf(ctx, rule.target, input, undefined),
    outcome: 'refused' as const,
    detail: { ...ctx.auditDetail, code: thrown.code },
    ...ctx.auditIdentity(),
  }
  await ctx.db.transaction({ role: 'system', tenantId: null }, () => appendAudit(ctx.db, line))
}

function targetOf(ctx: Ctx, path: string | undefined, input: ParsedInput, result: unknown): string | null {
  if (path === undefined) return null
  if (path === 'principal') return ctx.principalOrNull?.id ?? ctx.auditActor?.id ?? null
  let value: unknown = { params: input.params, body: input.body, result }
  for (const part of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[part]
  return value === undefined || value === null ? null : String(value).slice(0, 255)
}
