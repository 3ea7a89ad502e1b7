import { createHash, randomBytes } from 'node:crypto'
import { type TenantContext, withClient } from './tenant-context.js'

/** Longest that one import or erasure may take. */
const HOURS = 12

/**
 * Lets one transaction erase or take in one audit chain: writes a permit as vetrai_owner, runs `work` with its token,
 * and removes the permit. The roles that serve requests cannot write one.
 */
export async function withPermit<T>(
  context: TenantContext,
  purpose: 'erase' | 'import',
  chain: string,
  work: (token: string) => Promise<T>,
): Promise<T> {
  const token = randomBytes(32).toString('hex')
  const hash = createHash('sha256').update(token).digest()
  await withClient(context.connectOwner, (owner) =>
    owner.query(
      `insert into audit_permits (token_hash, purpose, chain, expires_at)
       values ($1, $2, $3, clock_timestamp() + make_interval(hours => ${HOURS}))`,
      [hash, purpose, chain],
    ),
  )
  try {
    return await work(token)
  } finally {
    await withClient(context.connectOwner, (owner) =>
      owner.query('delete from audit_permits where token_hash = $1 or expires_at < clock_timestamp()', [
        hash,
      ]),
    )
  }
}
