import type { Ctx } from '../../../kernel/context.js'
import type { MembershipRole } from '../../../kernel/principal.js'
import type { RecipientProfile } from '../recipient.js'

interface Row extends Record<string, unknown> {
  id: string
  name: string | null
  email: string
  emailVerified: boolean
}

const COLUMNS = 'u.id, u.name, u.email, u.email_verified_at is not null as "emailVerified"'
const SELECT = `select ${COLUMNS} from memberships m join users u on u.id = m.user_id
  where m.tenant_id = $1 and u.status = 'active'`

/** The active members of the tenant among these users. */
export async function findMembers(ctx: Ctx, userIds: readonly string[]): Promise<RecipientProfile[]> {
  const rows = await ctx.db.query<Row>({
    name: 'notifications-members',
    text: `${SELECT} and u.id = any($2::uuid[])`,
    values: [ctx.tenant.id, userIds],
  })
  return rows.map(profileOf)
}

/** The active members with a role, in the order of their ids, after one of them. */
export async function membersWithRole(
  ctx: Ctx,
  role: MembershipRole,
  { after, limit }: { after: string | null; limit: number },
): Promise<RecipientProfile[]> {
  const rows = await ctx.db.query<Row>({
    name: 'notifications-members-of-role',
    text: `${SELECT} and m.role = $2 and ($3::uuid is null or u.id > $3) order by u.id limit $4`,
    values: [ctx.tenant.id, role, after, limit],
  })
  return rows.map(profileOf)
}

function profileOf({ id, name, email, emailVerified }: Row): RecipientProfile {
  return {
    kind: 'member',
    ...{ id, externalId: null, name, email, emailVerified },
    // Accounts have neither; a time zone and a language may be in the person's preferences.
    ...{ phone: null, locale: null, timeZone: null, data: {} },
  }
}
