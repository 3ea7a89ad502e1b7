import { newId } from '../../../kernel/ids.js'
import type { Position } from '../../../kernel/pagination.js'
import type { InstallationRole } from '../../../kernel/principal.js'
import type { Database } from '../../../storage/database.js'

export type UserStatus = 'active' | 'disabled'

/** A person's account. */
export interface User extends Record<string, unknown> {
  id: string
  /** Trimmed and lower-cased. */
  email: string
  emailVerifiedAt: Date | null
  name: string | null
  installationRole: InstallationRole | null
  status: UserStatus
  /** The tenant whose admins made the account and may manage it; null once the person proved the address. */
  managedByTenantId: string | null
  lastLoginAt: Date | null
  passwordChangedAt: Date | null
  hasPassword: boolean
  createdAt: Date
  updatedAt: Date
}

export interface UserWithPassword extends User {
  passwordHash: string | null
}

/** Columns of `users u` under the names of `User`. */
export const USER_COLUMNS = `u.id, u.email, u.email_verified_at as "emailVerifiedAt", u.name,
  u.installation_role as "installationRole", u.status, u.managed_by_tenant_id as "managedByTenantId",
  u.last_login_at as "lastLoginAt", u.password_changed_at as "passwordChangedAt",
  u.password_hash is not null as "hasPassword", u.created_at as "createdAt", u.updated_at as "updatedAt"`

/** The account of this id, or null. */
export async function findUser(db: Database, id: string): Promise<User | null> {
  const rows = await db.query<User>({
    name: 'auth-user',
    text: `select ${USER_COLUMNS} from users u where id = $1`,
    values: [id],
  })
  return rows[0] ?? null
}

/** Makes others who want the same wait until the transaction ends: for rules about how many of something a person has. */
export async function lockUserRow(db: Database, id: string): Promise<void> {
  await db.query({
    name: 'auth-user-lock',
    text: 'select 1 from users where id = $1 for update',
    values: [id],
  })
}

/** The account of an address with its password hash, outside any transaction, or null. */
export async function findUserForLogin(db: Database, email: string): Promise<UserWithPassword | null> {
  const rows = await db.readGlobal<UserWithPassword>({
    name: 'auth-user-login',
    text: `select ${USER_COLUMNS}, u.password_hash as "passwordHash" from users u where email = $1`,
    values: [email],
  })
  return rows[0] ?? null
}

/** The account of this id with its password hash, outside any transaction, or null. */
export async function readUserWithPassword(db: Database, id: string): Promise<UserWithPassword | null> {
  const rows = await db.readGlobal<UserWithPassword>({
    name: 'auth-user-password',
    text: `select ${USER_COLUMNS}, u.password_hash as "passwordHash" from users u where id = $1`,
    values: [id],
  })
  return rows[0] ?? null
}

/** The account of an address, or null. */
export async function findUserByEmail(db: Database, email: string): Promise<User | null> {
  const rows = await db.query<User>({
    name: 'auth-user-email',
    text: `select ${USER_COLUMNS} from users u where email = $1`,
    values: [email],
  })
  return rows[0] ?? null
}

export interface NewUser {
  email: string
  name?: string | null
  passwordHash?: string | null
  installationRole?: InstallationRole | null
  managedByTenantId?: string | null
  emailVerified?: boolean
}

/** Adds an account; null when the address is taken, also by a concurrent caller. */
export async function insertUser(db: Database, user: NewUser): Promise<User | null> {
  const { email, name = null, passwordHash = null, installationRole = null } = user
  const rows = await db.query<User>({
    text: `insert into users as u (id, email, name, password_hash, password_changed_at, installation_role,
             managed_by_tenant_id, email_verified_at)
           values ($1, $2, $3, $4::text, case when $4::text is not null then now() end, $5, $6,
             case when $7 then now() end)
           on conflict (email) do nothing returning ${USER_COLUMNS}`,
    values: [
      newId(),
      email,
      name,
      passwordHash,
      installationRole,
      user.managedByTenantId ?? null,
      user.emailVerified ?? false,
    ],
  })
  return rows[0] ?? null
}

export interface UserChanges {
  name?: string | null | undefined
  installationRole?: InstallationRole | null | undefined
  status?: UserStatus | undefined
}

/** Changes the given fields of an account and answers it as it is then; null when it is gone. */
export async function updateUser(db: Database, id: string, changes: UserChanges): Promise<User | null> {
  const columns: [string, unknown][] = []
  if (changes.name !== undefined) columns.push(['name', changes.name])
  if (changes.installationRole !== undefined) columns.push(['installation_role', changes.installationRole])
  if (changes.status !== undefined) columns.push(['status', changes.status])
  if (columns.length === 0) return findUser(db, id)
  const sets = columns.map(([column], i) => `${column} = $${i + 2}`)
  const rows = await db.query<User>({
    text: `update users as u set ${sets.join(', ')}, version = version + 1 where id = $1 returning ${USER_COLUMNS}`,
    values: [id, ...columns.map(([, value]) => value)],
  })
  return rows[0] ?? null
}

/** Sets a new password hash. `proved`: the person showed that the address is theirs, so the account is their own. */
export async function setPasswordHash(
  db: Database,
  id: string,
  hash: string,
  { proved = false } = {},
): Promise<void> {
  await db.query({
    text: `update users set password_hash = $2, password_changed_at = now(), version = version + 1,
             email_verified_at = case when $3 then coalesce(email_verified_at, now()) else email_verified_at end,
             managed_by_tenant_id = case when $3 then null else managed_by_tenant_id end
           where id = $1`,
    values: [id, hash, proved],
  })
}

/** Replaces a hash by a stronger one of the same password, unless the password changed meanwhile. */
export async function renewPasswordHash(
  db: Database,
  id: string,
  old: string,
  renewed: string,
): Promise<void> {
  await db.query({
    text: 'update users set password_hash = $3 where id = $1 and password_hash = $2',
    values: [id, old, renewed],
  })
}

/** Records that the person reads mail at `email`, which becomes the account's address; false when it is taken. */
export async function setVerifiedEmail(db: Database, id: string, email: string): Promise<boolean> {
  const changed = await db.execute({
    text: `update users set email = $2, email_verified_at = now(), managed_by_tenant_id = null, version = version + 1
           where id = $1 and not exists (select 1 from users other where other.email = $2 and other.id <> $1)`,
    values: [id, email],
  })
  return changed === 1
}

/** Notes a sign-in. */
export async function touchLastLogin(db: Database, id: string, at: Date): Promise<void> {
  await db.query({
    name: 'auth-user-touch',
    text: 'update users set last_login_at = $2 where id = $1',
    values: [id, at],
  })
}

/** Removes an account with all its sessions, tokens and factors. */
export async function deleteUser(db: Database, id: string): Promise<boolean> {
  return (await db.execute({ text: 'delete from users where id = $1', values: [id] })) === 1
}

/**
 * How many active super_admins there are besides `id`. Their rows are locked in one order, so that two of them
 * cannot remove each other at the same time.
 */
export async function countOtherSuperAdmins(db: Database, id: string): Promise<number> {
  const rows = await db.query<{ id: string }>({
    text: `select id from users where installation_role = 'super_admin' and status = 'active' order by id for update`,
  })
  return rows.filter((row) => row.id !== id).length
}

export interface UserFilter {
  q?: string | undefined
  status?: UserStatus | undefined
  installationRole?: InstallationRole | undefined
  /** Only members of this tenant. */
  tenantId?: string | undefined
}

/** One window of accounts, newest first. Needs a system transaction unless `tenantId` is the bound one. */
export async function listUsers(
  db: Database,
  filter: UserFilter,
  { after, limit }: { after: Position | null; limit: number },
): Promise<User[]> {
  const values: unknown[] = []
  const bind = (value: unknown) => `$${values.push(value)}`
  const where = ['true']
  if (filter.q)
    where.push(`(u.email like ${bind(likePattern(filter.q))} or lower(u.name) like $${values.length})`)
  if (filter.status) where.push(`u.status = ${bind(filter.status)}`)
  if (filter.installationRole) where.push(`u.installation_role = ${bind(filter.installationRole)}`)
  if (filter.tenantId) {
    where.push(
      `exists (select 1 from memberships m where m.user_id = u.id and m.tenant_id = ${bind(filter.tenantId)})`,
    )
  }
  if (after)
    where.push(`(u.created_at, u.id) < (${bind(after.createdAt)}::timestamptz, ${bind(after.id)}::uuid)`)
  return db.query<User>({
    text: `select ${USER_COLUMNS} from users u where ${where.join(' and ')}
           order by u.created_at desc, u.id desc limit ${bind(limit)}`,
    values,
  })
}

function likePattern(text: string): string {
  return `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
}
