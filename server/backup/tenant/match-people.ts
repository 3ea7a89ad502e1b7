import type { BackupError } from '../backup-error.js'
import type { Client } from './catalogue.js'
import { tenantError } from './tenant-error.js'

/** A person as an archive has them. */
export interface ArchivedPerson {
  readonly id: string
  readonly email: string
  readonly name: string | null
  readonly status: string
  readonly managed_by_tenant_id: string | null
  readonly created_at: string
}

export interface MatchedPeople {
  /** Ids in the archive → ids here, of people who have another id here. */
  readonly ids: ReadonlyMap<string, string>
  readonly matched: number
  readonly created: number
}

interface Known {
  id: string
  email: string
  verified: boolean
}

/**
 * Finds the people of an archive here, and makes those who are missing: without a password, an unverified address, and
 * no role in the installation; a mail to choose a password lets them in. Whoever is here keeps everything. Somebody is
 * the same person by id, or by an e-mail address that was verified here: an address that anybody may have typed in
 * gives nobody the data of a tenant.
 */
export async function matchPeople(
  client: Client,
  people: readonly ArchivedPerson[],
  tenant: { from: string; to: string },
): Promise<MatchedPeople> {
  const { rows } = await client.query<Known>(
    `select id, email, email_verified_at is not null as verified from users
     where id = any($1::uuid[]) or email = any($2::text[])`,
    [people.map(({ id }) => id), people.map(({ email }) => email)],
  )
  const byId = new Map(rows.map((known) => [known.id, known]))
  const byEmail = new Map(rows.map((known) => [known.email, known]))
  const missing: ArchivedPerson[] = []
  const ids = new Map<string, string>()
  for (const person of people) {
    if (byId.has(person.id)) continue
    const known = byEmail.get(person.email)
    if (!known) missing.push(person)
    else if (known.verified) ids.set(person.id, known.id)
    else throw unverified(person.email)
  }
  await create(client, missing, tenant)
  return { ids, matched: people.length - missing.length, created: missing.length }
}

async function create(
  client: Client,
  people: readonly ArchivedPerson[],
  tenant: { from: string; to: string },
): Promise<void> {
  await client.query(
    `insert into users (id, email, name, status, managed_by_tenant_id, created_at)
     select r.id, r.email, r.name, r.status, case when r.managed_by_tenant_id = $2 then $3::uuid end, r.created_at
     from json_populate_recordset(null::users, $1::json) r`,
    [JSON.stringify(people), tenant.from, tenant.to],
  )
}

function unverified(email: string): BackupError {
  return tenantError(
    'unverified_person',
    `Somebody has an account here under ${email} and has not shown that the address is theirs.`,
    'Have them verify it, or delete that account, and import again.',
  )
}
