import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { newId } from '../../../kernel/ids.js'
import { generateToken } from '../../../kernel/token-format.js'
import { hashKey, KEY_PREFIXES } from '../key-registry.js'
import { type ApiKey, findKey, insertKey, type NewApiKey } from '../models/api-key.js'

/** A key just made. `text` is the key itself: this is the only time anybody sees it. */
export interface IssuedKey {
  key: ApiKey
  text: string
}

/** What the maker of a key decides; the rest is the same for every new key. */
export type KeyDraft = Pick<
  NewApiKey,
  | 'name'
  | 'environment'
  | 'ownerUserId'
  | 'ceilingRoles'
  | 'scopes'
  | 'allowedIps'
  | 'rateLimits'
  | 'meta'
  | 'enabled'
  | 'onLeak'
  | 'expiresAt'
> & { predecessor?: Pick<ApiKey, 'id' | 'lineageId'> }

/** How many characters behind the prefix are shown to recognise a key by; 154 bits stay secret. */
const START_LENGTH = 4

/** Makes the text of a key, stores its keyed hash with the draft, and answers both. */
export async function issueKey(ctx: Ctx, { predecessor, ...draft }: KeyDraft): Promise<IssuedKey> {
  const { kind, id: makerId } = ctx.principal
  if (kind === 'subscriber') throw new kernelErrors.Forbidden({ permission: 'keys.create' })
  const prefix = KEY_PREFIXES[draft.environment]
  const text = generateToken(prefix)
  const id = newId()
  await insertKey(ctx, {
    ...draft,
    id,
    tenantId: ctx.tenant.id,
    hash: hashKey(ctx, text),
    start: text.slice(0, prefix.length + START_LENGTH),
    lineageId: predecessor?.lineageId ?? id,
    graceUntil: null,
    revokedAt: null,
    leakedAt: null,
    rotatedFrom: predecessor?.id ?? null,
    rotatedTo: null,
    createdByKind: kind,
    createdById: makerId,
  })
  return { key: await reload(ctx, id), text }
}

/** The key as stored, credits and times included; for answers after a change in the same transaction. */
export async function reload(ctx: Ctx, keyId: string): Promise<ApiKey> {
  const key = await findKey(ctx, keyId)
  if (!key) throw new TypeError(`key ${keyId} vanished inside its own transaction`)
  return key
}
