import { createHash } from 'node:crypto'
import type { Ctx } from '../kernel/context.js'
import { kernelErrors } from '../kernel/errors.js'
import type { Principal } from '../kernel/principal.js'
import { sealedColumn } from '../kernel/sealed-column.js'
import type { Answer } from './answer.js'

const HOURS = 24

/** Where stored answers are sealed. */
export const sealedAnswers = sealedColumn({
  table: 'idempotency_records',
  column: 'response',
  key: ['scope_hash'],
  // PostgreSQL writes bytes as \x and hexadecimal.
  context: (row) => sealContext((row.scope_hash ?? '').slice(2)),
})

interface StoredAnswer {
  status: number
  headers: Record<string, string>
  body: string | null
}

/** Whether the header's value may serve as a key: 1 to 255 visible ASCII characters. */
export function isIdempotencyKey(text: string): boolean {
  return /^[\x21-\x7e]{1,255}$/.test(text)
}

/**
 * Runs `work` once for a key: the first answer that is no error is stored in the same transaction as the effect
 * and given again to the same request for 24 hours. An error keeps nothing, so the request may be tried again. Scope is tenant, credential and route: a
 * narrower credential of the same person, or somebody who acts for them, is never given what they were answered. Another body under the
 * same key is refused, and so is a second request while the first runs. Stored answers are sealed, because
 * some hold a secret that is shown once. Needs an open transaction.
 */
export async function runOnce(
  ctx: Ctx,
  route: string,
  key: string,
  request: Buffer,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const principal = ctx.principalOrNull
  const scope = sha256(JSON.stringify([principal ? credentialPart(principal) : ctx.ip, route, key]))
  const fingerprint = sha256(request)
  const context = sealContext(scope.toString('hex'))

  const [lock] = await ctx.db.query<{ locked: boolean }>({
    name: 'idempotency-lock',
    text: 'select pg_try_advisory_xact_lock($1::bigint) as locked',
    values: [scope.readBigInt64BE(0).toString()],
  })
  if (!lock?.locked) throw new kernelErrors.IdempotencyInProgress()

  const [known] = await ctx.db.query<{
    request_hash: Buffer
    response: Buffer
    status: number
    live: boolean
  }>({
    name: 'idempotency-find',
    text: 'select request_hash, response, status, expires_at > now() as live from idempotency_records where scope_hash = $1',
    values: [scope],
  })
  if (known?.live) {
    if (!known.request_hash.equals(fingerprint)) throw new kernelErrors.IdempotencyMismatch()
    const stored = JSON.parse(ctx.secrets.unseal(known.response, context).toString()) as StoredAnswer
    return { ...stored, headers: { ...stored.headers, 'Idempotency-Replayed': 'true' } }
  }

  const answer = await work()
  if (known) {
    await ctx.db.execute({ text: 'delete from idempotency_records where scope_hash = $1', values: [scope] })
  }
  await ctx.db.execute({
    name: 'idempotency-store',
    text: `insert into idempotency_records (scope_hash, request_hash, status, response, expires_at)
           values ($1, $2, $3, $4, now() + make_interval(hours => $5))`,
    values: [scope, fingerprint, answer.status, ctx.secrets.seal(JSON.stringify(answer), context), HOURS],
  })
  return answer
}

function sealContext(scope: string): string {
  return `idempotency:${scope}`
}

/** What tells one principal's credentials apart by what they may do. */
function credentialPart(principal: Principal): unknown[] {
  const { kind, id, tenant, scopes } = principal
  const session = kind === 'user' ? [principal.sessionId, principal.impersonatorId] : []
  return [tenant?.id ?? null, kind, id, scopes, ...session]
}

function sha256(data: Buffer | string): Buffer {
  return createHash('sha256').update(data).digest()
}
