import { expect } from 'chai'
import { buildStaff, unique } from '../../../test/build.js'
import type { Answer, Caller } from '../../../test/caller.js'
import type { TestServer } from '../../../test/server.js'
import { newId } from '../../kernel/ids.js'
import type { MembershipRole } from '../../kernel/principal.js'
import { readMailbox } from '../../outbound/read-mailbox.js'
import { totpCode, totpStep } from './factors/totp.js'

export const PASSWORD = 'a quiet river 7 miles long'

export interface Person {
  id: string
  email: string
  token: string
  refreshToken: string
  api: Caller
}

/** A tenant, straight in the database: these tests are about people. */
export async function makeTenant(server: TestServer): Promise<{ id: string; slug: string }> {
  const [id, slug] = [newId(), unique('org')]
  await sql(server, 'insert into tenants (id, slug, name) values ($1, $2, $2)', [id, slug])
  return { id, slug }
}

/** A person with this role in this tenant, signed in; without a tenant, a person of none. */
export async function makePerson(
  server: TestServer,
  { tenant, role = 'user' }: { tenant?: { id: string }; role?: MembershipRole } = {},
): Promise<Person> {
  const email = `${unique('person')}@example.com`
  const res = await server.operator.post('/auth/v1/users', { email, password: PASSWORD })
  expect(res.status, res.text).to.equal(201)
  if (tenant) await join(server, { userId: res.body.id, tenantId: tenant.id, role })
  return { id: res.body.id, email, ...(await signIn(server, email)) }
}

/** Makes somebody a member of a tenant. */
export async function join(
  server: TestServer,
  { userId, tenantId, role }: { userId: string; tenantId: string; role: MembershipRole },
): Promise<void> {
  const values = [tenantId, newId(), userId, role]
  await sql(server, 'insert into memberships (tenant_id, id, user_id, role) values ($1, $2, $3, $4)', values)
}

/** A person of the operator's staff, signed in. */
export const makeStaff = buildStaff

/** Signs in by password. */
export async function signIn(server: TestServer, email: string, password = PASSWORD) {
  const res = await server.post('/auth/v1/login', { email, password })
  expect(res.status, res.text).to.equal(200)
  return tokensOf(server, res)
}

/** The tokens of an answer, and a caller that uses them. */
export function tokensOf(server: TestServer, res: Answer) {
  const token: string = res.body.access_token
  return { token, refreshToken: res.body.refresh_token as string, api: server.as(token) }
}

/** Rows of a statement across all tenants. */
export function sql<R extends Record<string, unknown>>(
  server: TestServer,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  const { db } = server.resources
  return db.transaction({ role: 'system', tenantId: null }, () => db.query<R>({ text, values }))
}

/** Delivers what waits in the outbox and answers the mails to an address, oldest first. */
export async function mailsTo(server: TestServer, email: string) {
  await server.outbox.drain()
  const mails = await readMailbox(server.mailbox).catch(() => [])
  return mails.filter((mail) => mail.to === email)
}

/** The token in the last mail to an address. */
export async function mailedToken(server: TestServer, email: string): Promise<string> {
  const mail = (await mailsTo(server, email)).at(-1)
  const token = /#token=([\w-]+)/.exec(mail?.text ?? '')?.[1]
  if (!token) throw new Error(`no token was mailed to ${email}`)
  return token
}

/** Gives a person a confirmed authenticator app; `codeAt` is its code some steps from now. */
export async function addTotp(server: TestServer, person: { api: Caller }) {
  const created = await person.api.post('/auth/v1/factors', { name: 'phone' })
  expect(created.status, created.text).to.equal(201)
  const secret = base32Decode(created.body.secret)
  const stepNow = () => totpStep(server.resources.now())
  const codeAt = (offset: number) => totpCode(secret, stepNow() + offset)
  const verify = () => person.api.post(`/auth/v1/factors/${created.body.id}/verify`, { code: codeAt(-1) })
  const step = stepNow()
  let verified = await verify()
  // The code before the present one is too old once the next step has begun on the way.
  if (verified.status !== 200 && stepNow() > step) verified = await verify()
  expect(verified.status, verified.text).to.equal(200)
  return { id: created.body.id as string, codeAt, recoveryCodes: verified.body.recovery_codes as string[] }
}

/** The bytes of a base32 secret. */
export function base32Decode(text: string): Buffer {
  const bits = [...text]
    .map((char) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0'))
    .join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
