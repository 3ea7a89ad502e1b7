import type { Api, Page } from '../clients/api.js'
import type { Session, User } from '../clients/resources.js'
import { CliError } from '../deployment/errors.js'
import { collectPages, type PageRequest } from './collect-pages.js'

const USERS = '/auth/v1/users'
const pathOf = (id: string) => `${USERS}/${encodeURIComponent(id)}`

/** The five roles: the first two belong to the installation, the others to a tenant. */
export const ROLES = ['super_admin', 'support_agent', 'org_admin', 'billing_admin', 'user'] as const

/** A person to be created. Without a password they set one by the link in a reset mail. */
export interface NewUser {
  email: string
  name?: string
  role?: string
  password?: string
}

/** Which people to list. */
export interface UserFilter {
  q?: string
  status?: string
}

/** The people of the tenant the client acts in, or of the installation. */
export function listUsers(api: Api, page: PageRequest, filter: UserFilter = {}): Promise<Page<User>> {
  return collectPages<User>(api, USERS, page, { ...filter })
}

/** Creates a person, with a membership when the client acts in a tenant. */
export function createUser(api: Api, user: NewUser): Promise<User> {
  return api.post<User>(USERS, user)
}

/** One person by id or e-mail. */
export async function findUser(api: Api, idOrEmail: string): Promise<User> {
  if (!idOrEmail.includes('@')) return api.get<User>(pathOf(idOrEmail))
  const user = await findByEmail(api, idOrEmail)
  if (user) return user
  throw new CliError({
    code: 'user_not_found',
    message: `Nobody here has the e-mail ${idOrEmail}.`,
    next: 'See `vetrai users list`; with --tenant only the people of that tenant are found.',
  })
}

/** The person with exactly this address, among all whose address contains it; undefined when there is none. */
export async function findByEmail(api: Api, email: string): Promise<User | undefined> {
  const { data } = await collectPages<User>(api, USERS, { limit: 50, all: true }, { q: email })
  return data.find((user) => user.email.toLowerCase() === email.toLowerCase())
}

/** Sets a password; every session of the person ends. */
export async function setPassword(api: Api, user: User, password: string): Promise<User> {
  await api.post(`${pathOf(user.id)}/password`, { password })
  return user
}

/** Gives a person a role: in the tenant the client acts in, else in the installation. */
export function setRole(api: Api, user: User, role: string): Promise<User> {
  return api.patch<User>(pathOf(user.id), { role })
}

/** Shuts a person out and ends their sessions, or lets them back in. Safe to repeat. */
export function setDisabled(api: Api, user: User, disabled: boolean): Promise<User> {
  return api.post<User>(`${pathOf(user.id)}/${disabled ? 'disable' : 'enable'}`)
}

/** Where a person is signed in. */
export function listSessions(api: Api, user: User): Promise<Page<Session>> {
  return api.get<Page<Session>>(`${pathOf(user.id)}/sessions`)
}

/** Ends every session and access token of a person, everywhere within a second; answers how many. */
export function revokeSessions(api: Api, user: User): Promise<{ sessions: number; tokens: number }> {
  return api.delete(`${pathOf(user.id)}/sessions`)
}
