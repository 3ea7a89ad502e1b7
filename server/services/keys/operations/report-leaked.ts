import { createHash } from 'node:crypto'
import type { Ctx } from '../../../kernel/context.js'
import { parseToken } from '../../../kernel/token-format.js'
import { forgetAfterCommit, hashKey, KEY_PREFIXES } from '../key-registry.js'
import { type LeakedKey, markLeaked } from '../models/leaked-keys.js'
import type { LeakReport } from '../schemas.js'

/** How long a leaked key lives on where its owner chose to rotate, in seconds. */
export const LEAK_GRACE_S = 3_600

/** One report as secret scanners want it answered: whether the token was a key of this installation. */
export interface LeakVerdict {
  token_hash: string
  token_type: string
  label: 'true_positive' | 'false_positive'
}

/**
 * Stops every reported key and tells its organisation. Holding the text of a key is what gives the right to
 * report it: the reporter could as well have used it. Safe to repeat.
 */
export async function reportLeaked(ctx: Ctx, reports: readonly LeakReport[]): Promise<LeakVerdict[]> {
  const now = ctx.now()
  const hashes = new Map<string, string>()
  for (const { token } of reports) {
    if (parseToken(token, Object.values(KEY_PREFIXES))) hashes.set(token, hashKey(ctx, token))
  }
  const graceUntil = new Date(now.getTime() + LEAK_GRACE_S * 1000)
  const leaked = hashes.size > 0 ? await markLeaked(ctx.db, [...hashes.values()], { now, graceUntil }) : []
  for (const key of leaked) {
    forgetAfterCommit(ctx, key.hash)
    const report = reports.find(({ token }) => hashes.get(token) === key.hash)
    if (key.first) await announce(ctx, key, report?.url ?? null)
  }
  const known = new Set(leaked.map(({ hash }) => hash))
  return reports.map((report) => ({
    token_hash: createHash('sha256').update(report.token).digest('base64'),
    token_type: report.type ?? 'vetrai_api_key',
    label: known.has(hashes.get(report.token) ?? '') ? 'true_positive' : 'false_positive',
  }))
}

async function announce(ctx: Ctx, key: LeakedKey, url: string | null): Promise<void> {
  const graceUntil = key.graceUntil?.toISOString() ?? null
  const detail = { action: key.onLeak, url, grace_until: graceUntil }
  await ctx.audit({ action: 'key.leaked', target: key.id, tenantId: key.tenantId, detail })
  const event = { keyId: key.id, name: key.name, action: key.onLeak, graceUntil, url }
  await ctx.emit('keys.key.leaked', event, key.tenantId)
}
