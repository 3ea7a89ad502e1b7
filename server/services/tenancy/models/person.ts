import type { Database } from '../../../storage/database.js'

/** What tenancy needs to know of an account. */
export interface Person extends Record<string, unknown> {
  id: string
  email: string
  name: string | null
  emailVerified: boolean
}

/** The active account of this id, or null. */
export async function findPerson(db: Database, userId: string): Promise<Person | null> {
  const rows = await db.query<Person>({
    name: 'tenancy-person',
    text: `select id, email, name, email_verified_at is not null as "emailVerified"
           from users where id = $1 and status = 'active'`,
    values: [userId],
  })
  return rows[0] ?? null
}
