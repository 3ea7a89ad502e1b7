import type { Ctx } from '../../../kernel/context.js'
import { resealValues, SETTLE_MS } from '../../../storage/installation-keys/reseal.js'
import { readRoot, type StoredDataKey } from '../../../storage/installation-keys/rows.js'
import type { SealingKeys } from '../../../storage/installation-keys/sealing-keys.js'
import { authState } from '../state.js'

export type KeyState = 'coming' | 'current' | 'replaced'

/** A key that access tokens are signed with, without the key. */
export interface SigningKeyFact {
  kid: string
  activeFrom: Date
  state: KeyState
}

/** A key that values are sealed with, without the key. */
export interface SealingKeyFact {
  id: number
  activeFrom: Date
  state: KeyState
  resealedAt: Date | null
}

/** Which keys the installation uses. */
export async function readInstallationKeys(ctx: Ctx): Promise<{
  master: { id: string; wrappedAt: Date }
  signing: SigningKeyFact[]
  sealing: SealingKeyFact[]
}> {
  const { db, sealingKeys } = ctx.resources
  const root = await readRoot(db)
  if (!root?.wrappedBy) throw new TypeError('the root key is not wrapped')
  return {
    master: { id: root.wrappedBy, wrappedAt: root.wrappedAt },
    signing: await authState(ctx.resources).keyring.list(),
    sealing: await listSealingKeys(sealingKeys, root.createdAt),
  }
}

/** Makes the next signing key. With `revokePrevious` nothing that an earlier one signed is trusted any more. */
export async function rotateSigningKey(
  ctx: Ctx,
  { revokePrevious }: { revokePrevious: boolean },
): Promise<{ key: SigningKeyFact; revoked: number }> {
  const { keyring } = authState(ctx.resources)
  const { key, revoked } = await keyring.replace({ revokePrevious })
  const state = key.activeFrom > ctx.now() ? 'coming' : 'current'
  ctx.auditDetail = { revoke_previous: revokePrevious, revoked }
  return { key: { kid: key.kid, activeFrom: key.activeFrom, state }, revoked }
}

/** Makes the next sealing key, and the job that seals stored values with it. Needs a system transaction. */
export async function rotateSealingKey(ctx: Ctx): Promise<{ key: SealingKeyFact; jobId: string }> {
  const key = await ctx.resources.sealingKeys.add()
  const { id: jobId } = await ctx.enqueue(
    resealValues,
    {},
    { delayMs: Math.max(0, key.dueMs) + SETTLE_MS, unique: { key: String(key.id) }, tenantId: null },
  )
  ctx.auditDetail = { key: key.id }
  return { key: { ...key, state: 'coming' }, jobId }
}

async function listSealingKeys(keys: SealingKeys, installedAt: Date): Promise<SealingKeyFact[]> {
  const named = await keys.list()
  const current = named.findLast(({ dueMs }) => dueMs <= 0)?.id ?? 0
  const first = { id: 0, activeFrom: installedAt, resealedAt: null }
  return [first, ...named].map((key) => ({ ...key, state: stateOf(key.id, current) })).reverse()
}

function stateOf(id: StoredDataKey['id'], current: number): KeyState {
  if (id === current) return 'current'
  return id > current ? 'coming' : 'replaced'
}
