import { z } from 'zod'
import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import { insertOneTimeToken, type OneTimeToken, oneTimeSealContext } from '../models/one-time-token.js'
import type { OneTimePurpose } from '../tokens/one-time.js'
import { secondsAfter } from './open-session.js'

const HOUR = 3600

/** How long each kind of token is good, in seconds. */
export const TOKEN_LIFE: Readonly<Record<OneTimePurpose, number>> = {
  sign_up: 24 * HOUR,
  verify_email: 24 * HOUR,
  reset_password: HOUR,
  mfa_login: 300,
}
/** A first password may be set for longer: the person did not ask for the mail and may be away. */
export const WELCOME_SECONDS = 7 * 24 * HOUR

/** What a token brings about when it is used; sealed at rest. */
export const tokenPayload = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('sign_up'),
    passwordHash: z.string(),
    name: z.string().nullable(),
    organization: z.object({ name: z.string(), slug: z.string().optional() }).nullable(),
  }),
  z.object({ kind: z.literal('change_email') }),
  z.object({ kind: z.literal('welcome') }),
  z.object({ kind: z.literal('reset'), ip: z.string() }),
])
export type TokenPayload = z.infer<typeof tokenPayload>

/**
 * Asks for a token to be made and mailed to an address, with the open transaction. It does the same work for any
 * address: whether there is an account is looked up later, by the handler that writes the mail.
 */
export async function requestToken(
  ctx: Ctx,
  request: { purpose: OneTimePurpose; email: string; userId?: string; payload?: TokenPayload },
): Promise<void> {
  const id = newId()
  const { purpose, email, payload } = request
  await insertOneTimeToken(ctx.db, {
    id,
    purpose,
    email,
    userId: request.userId ?? null,
    expiresAt: secondsAfter(ctx.now(), TOKEN_LIFE[purpose]),
    payloadSealed: payload
      ? ctx.secrets.seal(JSON.stringify(payload), oneTimeSealContext(purpose, id))
      : null,
  })
  await ctx.emit('auth.token.requested', { requestId: id }, null)
}

/** What the token of this row brings about; null when it says nothing of its own. */
export function payloadOf(ctx: Ctx, row: OneTimeToken): TokenPayload | null {
  if (row.payloadSealed === null) return null
  return tokenPayload.parse(
    JSON.parse(
      ctx.secrets.unseal(row.payloadSealed, oneTimeSealContext(row.purpose, row.id)).toString('utf8'),
    ),
  )
}
