import type { Resources } from '../../../kernel/resources.js'
import { insertAccessToken } from '../models/access-token.js'
import { findUserByEmail, insertUser } from '../models/user.js'
import { authState } from '../state.js'
import { isAccessToken } from '../tokens/kinds.js'

/**
 * Makes the operator's account and stores the hash of the command line's token, where they are configured and
 * missing. Safe to repeat and to race: what exists is left as it is, also when it was revoked.
 */
export async function seedOperator(resources: Resources): Promise<void> {
  const { config, db, log, secrets } = resources
  const { OPERATOR_EMAIL, OPERATOR_PASSWORD, OPERATOR_TOKEN: token } = config
  if (!OPERATOR_EMAIL) return
  const email = OPERATOR_EMAIL.trim().toLowerCase()
  const known = await db.transaction({ role: 'system', tenantId: null }, () => findUserByEmail(db, email))
  // Hashed outside the transaction, and only when there is somebody to make.
  const passwordHash =
    known || !OPERATOR_PASSWORD ? null : await authState(resources).hasher.hash(OPERATOR_PASSWORD)

  await db.transaction({ role: 'system', tenantId: null }, async () => {
    const made = known
      ? null
      : await insertUser(db, {
          email,
          name: 'Operator',
          passwordHash,
          installationRole: 'super_admin',
          emailVerified: true,
        })
    if (made) log.info({ user_id: made.id }, 'made the operator account')
    const operator = made ?? (await findUserByEmail(db, email))
    if (!operator || !token) return
    if (!isAccessToken(token)) {
      log.warn('OPERATOR_TOKEN is not a well-formed access token; it is ignored')
      return
    }
    const stored = await insertAccessToken(db, {
      userId: operator.id,
      tenantId: null,
      name: 'Command line of the operator',
      token,
      tokenHash: secrets.hash('token', token),
    })
    if (stored) log.info({ token_id: stored.id }, "stored the hash of the operator's token")
  })
}
