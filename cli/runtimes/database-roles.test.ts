import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import pg from 'pg'
import { judgeSecrets } from '../checks/sign-in.js'
import { createDeployment } from '../deployment/create-deployment.js'
import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { repairSecrets } from '../operations/repair-secrets.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { trySecrets } from './database-roles.js'
import { type PrivatePostgres, startPrivatePostgres } from './embedded/private-stores.js'
import type { AcceptedSecret, Progress, Runtime } from './runtime.js'

const silent: Progress = { step: () => ({ update: () => {}, done: () => {}, fail: () => {} }) }

describe('passwords of the database', function () {
  this.timeout(60_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let postgres: PrivatePostgres
  let deployment: Deployment
  let url: string

  before(async () => {
    folder = await temporaryFolder()
    postgres = await startPrivatePostgres({ dir: folder.path, fast: true })
    url = `postgres://127.0.0.1:${postgres.port}/vetrai`
    deployment = await createDeployment(join(folder.path, 'here'), {
      config: { name: 'here', database: { url } },
      secrets: { 'external-postgres-password': postgres.adminPassword },
    })
  })
  after(async () => {
    await postgres.stop()
    await folder.remove()
  })

  it('are refused for roles that do not exist', async () => {
    expect(await accepted()).to.deep.equal({
      'external-postgres-password': true,
      'database-owner-password': false,
      'database-app-password': false,
      'database-system-password': false,
      'database-backup-password': false,
    })
  })

  it('are accepted once the roles have them, be the database there or not', async () => {
    for (const role of ['owner', 'app', 'system', 'backup'] as const) {
      await admin(
        `create role vetrai_${role} login password '${await deployment.secret(`database-${role}-password`)}'`,
      )
    }
    expect(new Set(Object.values(await accepted()))).to.deep.equal(new Set([true]))
    await admin('create database vetrai')
    expect(new Set(Object.values(await accepted()))).to.deep.equal(new Set([true]))
  })

  it('are told apart, with the words of the database and without any password', async () => {
    const wrong = randomBytes(32).toString('hex')
    await deployment.secrets.write('database-system-password', wrong)
    await admin('alter role vetrai_owner nologin')
    const tried = await trySecrets(deployment, url)
    const details = Object.fromEntries(tried.map(({ secret, detail }) => [secret, detail]))
    expect(details['database-system-password']).to.equal(
      'password authentication failed for user "vetrai_system"',
    )
    expect(details['database-owner-password']).to.include('not permitted to log in')
    expect(details['database-app-password']).to.equal(undefined)
    expect(JSON.stringify(tried)).not.to.include(wrong)
    expect(judgeSecrets(tried).detail)
      .to.include('database-owner-password is refused')
      .and.include('database-system-password')
  })

  it('of the operator’s own server are left out where none was given, and missing ones are named', async () => {
    await rm(deployment.secrets.path('external-postgres-password'))
    await rm(deployment.secrets.path('database-app-password'))
    const tried = await trySecrets(deployment, url)
    expect(tried.map(({ secret }) => secret)).not.to.include('external-postgres-password')
    expect(tried.find(({ secret }) => secret === 'database-app-password')).to.deep.include({
      accepted: false,
      detail: 'the secret is missing',
    })
  })

  it('cannot be tried where nobody answers, which is no refusal', async () => {
    const error = await trySecrets(deployment, 'postgres://127.0.0.1:9/vetrai').catch(
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(CliError)
    expect(error).to.include({ code: 'database_unreachable', exitCode: 3 })
  })

  describe('and their repair', () => {
    const of = (secret: string, accepted: boolean): AcceptedSecret => ({ secret, accepted })

    it('begins with the superuser’s', async () => {
      const tried = [of('postgres-superuser-password', false), of('database-app-password', false)]
      const error = await repair([tried]).catch((reason: unknown) => reason)
      expect(error).to.include({ code: 'secrets_not_repaired' })
      expect(judgeSecrets(tried).remedy).to.include('secrets/postgres-superuser-password')
    })

    it('is proved by signing in again', async () => {
      const [wrong, right] = [of('database-app-password', false), of('database-app-password', true)]
      expect(await repair([[wrong], [right]])).to.deep.equal({
        changed: true,
        secrets: [{ secret: 'database-app-password', was_accepted: false, accepted: true }],
      })
      const error = await repair([[wrong], [wrong]]).catch((reason: unknown) => reason)
      expect(error).to.include({ code: 'secrets_not_repaired' })
    })

    it('is none where a runtime knows none', async () => {
      const runtime = { name: 'kubernetes' } as unknown as Runtime
      const error = await repairSecrets(deployment, runtime, silent).catch((reason: unknown) => reason)
      expect(error).to.include({ code: 'repair_unavailable', exitCode: 4 })
    })

    /** Repairs on a runtime whose database answers so, one answer after the other. */
    async function repair(answers: AcceptedSecret[][]) {
      const runtime = {
        name: 'embedded',
        acceptedSecrets: async () => answers.shift() ?? [],
        repairSecrets: async () => undefined,
      } as unknown as Runtime
      return repairSecrets(deployment, runtime, silent)
    }
  })

  async function accepted(): Promise<Record<string, boolean>> {
    const tried = await trySecrets(deployment, url)
    return Object.fromEntries(tried.map(({ secret, accepted }) => [secret, accepted]))
  }

  async function admin(statement: string): Promise<void> {
    const { host, port, adminUser: user, adminPassword: password } = postgres
    const client = new pg.Client({ host, port, user, password, database: 'postgres' })
    await client.connect()
    await client.query(statement).finally(() => client.end())
  }
})
