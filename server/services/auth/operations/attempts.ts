import { addressSubject } from '../../../kernel/addresses.js'
import type { Ctx } from '../../../kernel/context.js'
import { authErrors } from '../errors.js'
import { ACCOUNT_BACKOFF, ADDRESS_BACKOFF, type BackoffPolicy, lockedUntil } from '../lockout/backoff.js'
import { clearFailures, readFailures, recordFailure, takeBackFailure } from '../models/login-failure.js'
import { QueueFull } from '../passwords/work-queue.js'
import { authState } from '../state.js'

type Subjects = readonly [account: Subject, address: Subject]

interface Subject {
  hash: string
  policy: BackoffPolicy
}

/**
 * Whether the password is right. Failures count against the account and the caller's address, and beyond a few of
 * them nothing is said of the password any more (429). The same work is done whether or not the account exists. The
 * check is repeated when the attempt's turn comes: parallel guesses gain at most the number of hashing slots.
 */
export async function attemptPassword(
  ctx: Ctx,
  { email, password, stored }: { email: string; password: string; stored: string | null },
): Promise<boolean> {
  const { hasher } = authState(ctx.resources)
  const subjects = subjectsOf(ctx, email)
  await refuseLocked(ctx, subjects)
  return inTurn(ctx, async () => {
    // Asked again now that others had their turn, and while the hash is computed, so that no core waits for it.
    const asking = refuseLocked(ctx, subjects).then(
      () => null,
      (refusal: unknown) => ({ refusal }),
    )
    const right = await hasher.verifyNow(password, stored)
    const locked = await asking
    if (locked) throw locked.refusal
    if (!right) await countFailure(ctx, email, subjects)
    return right
  })
}

/**
 * Whether a code is right, by `check`. Every attempt counts as failed before it is made and is forgiven when it
 * succeeds, one at a time for each account: parallel guesses gain nothing.
 */
export async function attemptCode(ctx: Ctx, email: string, check: () => Promise<boolean>): Promise<boolean> {
  const subjects = subjectsOf(ctx, email)
  await ctx.db.transaction({ role: 'system', tenantId: null }, async () => {
    await ctx.db.query({
      text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
      values: [subjects[0].hash],
    })
    await refuseLocked(ctx, subjects)
    await countFailure(ctx, email, subjects)
  })
  const right = await check()
  if (right) {
    await forgiveFailures(ctx, email)
    // What else the address did wrong still counts; this attempt does not.
    await takeBackFailure(ctx.db, subjects[1].hash)
  }
  return right
}

/** Forgets an account's failures after it was proved whose it is. Those of the address stay: it may try other accounts. */
export async function forgiveFailures(ctx: Ctx, email: string): Promise<void> {
  await clearFailures(ctx.db, accountSubject(ctx, email))
}

/** Runs work on passwords when its turn comes; 503 at once when too many wait. */
export async function hashPassword(ctx: Ctx, password: string): Promise<string> {
  try {
    return await authState(ctx.resources).hasher.hash(password)
  } catch (error) {
    throw asBusy(error)
  }
}

async function inTurn<T>(ctx: Ctx, work: () => Promise<T>): Promise<T> {
  try {
    return await authState(ctx.resources).hasher.queue.run(work)
  } catch (error) {
    throw asBusy(error)
  }
}

function asBusy(error: unknown): unknown {
  return error instanceof QueueFull ? new authErrors.Busy({ retryAfter: error.retryAfterSeconds }) : error
}

/** Whether the address has an account is looked up by the handler that writes the mail: the work here is the same. */
async function countFailure(ctx: Ctx, email: string, [account, address]: Subjects): Promise<void> {
  await recordFailure(ctx.db, address.hash, address.policy, ctx.now())
  const failures = await recordFailure(ctx.db, account.hash, account.policy, ctx.now())
  if (failures !== account.policy.free) return
  const record = { failures, lastFailureAt: ctx.now() }
  const until = lockedUntil(record, account.policy, ctx.now()) ?? ctx.now()
  await ctx.db.transaction({ role: 'system', tenantId: null }, () =>
    ctx.emit('auth.account.locked', { email, ip: ctx.ip, until: until.toISOString() }, null),
  )
}

async function refuseLocked(ctx: Ctx, subjects: readonly Subject[]): Promise<void> {
  const now = ctx.now()
  const records = await readFailures(
    ctx.db,
    subjects.map((subject) => subject.hash),
  )
  const waits = subjects.map(
    ({ hash, policy }) => lockedUntil(records.get(hash) ?? null, policy, now)?.getTime() ?? 0,
  )
  const waitMs = Math.max(...waits) - now.getTime()
  if (waitMs > 0) throw new authErrors.Locked({ retryAfter: Math.ceil(waitMs / 1000) })
}

function subjectsOf(ctx: Ctx, email: string): Subjects {
  return [
    { hash: accountSubject(ctx, email), policy: ACCOUNT_BACKOFF },
    { hash: ctx.secrets.hash('token', `login-address:${addressSubject(ctx.ip)}`), policy: ADDRESS_BACKOFF },
  ]
}

function accountSubject(ctx: Ctx, email: string): string {
  return ctx.secrets.hash('token', `login-account:${email}`)
}
