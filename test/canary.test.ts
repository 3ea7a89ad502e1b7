import { readdir } from 'node:fs/promises'
import { expect } from 'chai'
import { buildKey, buildMember, PASSWORD } from './build.js'
import { OPERATOR_PASSWORD, useServer } from './server.js'
import { asAdmin, stores } from './stores.js'

describe('secrets', function () {
  this.timeout(60_000)
  const server = useServer()

  it('are in no log line, no table and no error after they were used, rightly and wrongly', async () => {
    const member = await buildMember(server)
    const key = await buildKey(member, ['tenancy:read'])
    const idempotent = await member.api
      .with({ 'idempotency-key': 'canary-1' })
      .post('/keys/v1/keys', { name: 'kept', scopes: ['tenancy:read'] })
    const token = await member.api.post('/auth/v1/tokens', { name: 'canary' })
    const header = 'a-header-for-the-receiver-only'
    const endpoint = await member.api
      .with({ 'idempotency-key': 'canary-2' })
      .post('/notifications/v1/webhook-endpoints', {
        url: 'https://93.184.215.14/hook',
        event_types: ['app.never'],
        headers: { authorization: header },
      })
    expect([idempotent.status, token.status, endpoint.status]).to.deep.equal([201, 201, 201])
    const secrets = [
      PASSWORD,
      OPERATOR_PASSWORD,
      server.operatorToken,
      server.resources.config.VETRAI_SECRET,
      key.key,
      idempotent.body.key as string,
      endpoint.body.secret as string,
      header,
      (token.body.token ?? token.body.access_token) as string,
      member.token,
      member.refreshToken,
    ]
    for (const secret of secrets)
      expect(secret, 'a secret to look for').to.be.a('string').with.length.above(15)

    const answers: string[] = []
    for (const secret of secrets) {
      const keep = async (answer: Promise<{ text: string }>) => answers.push((await answer).text)
      await keep(server.post('/auth/v1/login', { email: member.email, password: secret }))
      await keep(server.post('/auth/v1/refresh', { refresh_token: `${secret}x` }))
      await keep(server.post('/auth/v1/login', { email: 42, password: [secret] }))
      await keep(server.as(`${secret}x`).get('/auth/v1/me'))
      await keep(member.api.post('/keys/v1/verify', { key: `${secret}x` }))
      await keep(member.api.get(`/keys/v1/keys/${encodeURIComponent(secret)}`))
      await keep(server.get(`/tenancy/v1/tenants?token=${encodeURIComponent(secret)}`))
    }
    await server.outbox.drain()

    const tables = await dumpTables()
    for (const secret of secrets) {
      expect(
        server.logs.some((line) => line.includes(secret)),
        `a log line holds ${secret.slice(0, 6)}…`,
      ).to.equal(false)
      for (const [name, text] of tables) {
        expect(text.includes(secret), `the table ${name} holds ${secret.slice(0, 6)}…`).to.equal(false)
      }
    }
    // An answer may repeat the address that was asked for, and nothing else of what was sent.
    for (const text of answers) {
      const withoutAddress = text.replace(/"instance":"[^"]*"/, '')
      for (const secret of secrets) expect(withoutAddress.includes(secret), withoutAddress).to.equal(false)
    }
    expect(await readdir(server.mailbox).catch(() => [])).to.satisfy(Array.isArray)
  })

  const dumpTables = async (): Promise<[string, string][]> => {
    const shared = await stores()
    const names = await asAdmin(
      shared,
      "select tablename from pg_tables where schemaname = 'public'",
      server.databaseName,
    )
    const dumps: [string, string][] = []
    for (const { tablename } of names.rows as { tablename: string }[]) {
      const { rows } = await asAdmin(
        shared,
        `select t::text as line from ${tablename} t`,
        server.databaseName,
      )
      dumps.push([tablename, rows.map((row: { line: string }) => row.line).join('\n')])
    }
    return dumps
  }
})
