import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse, stringify } from 'yaml'
import { ports } from '../../cli/checks/ports.js'
import { type ComposeProject, compose } from '../../cli/clients/compose.js'
import { readEngineFacts } from '../../cli/clients/engine-facts.js'
import { ensureDirectory } from '../../cli/deployment/atomic-write.js'
import { createDeployment } from '../../cli/deployment/create-deployment.js'
import type { Deployment } from '../../cli/deployment/deployment.js'
import { CliError } from '../../cli/deployment/errors.js'
import { acceptedSecrets } from '../../cli/runtimes/compose/accepted-secrets.js'
import { composeAsset } from '../../cli/runtimes/compose/installation.js'
import { projectOf } from '../../cli/runtimes/compose/names.js'
import { containerUser, giveToContainers } from '../../cli/runtimes/compose/owner.js'
import { temporaryFolder } from '../../cli/testing/temporary-folder.js'
import { engineEnv, imageOverrides } from './engine.js'

/** A database in a container of its own, as a deployment has it, with nothing around it. */
describe('passwords of a database in a container', function () {
  this.timeout(120_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let deployment: Deployment
  let project: ComposeProject
  const environment = { ...process.env }

  before(async () => {
    Object.assign(process.env, engineEnv())
    folder = await temporaryFolder()
    deployment = await createDeployment(join(folder.path, 'passwords'), {
      config: { name: 'passwords', runtime: 'compose' },
    })
    await ensureDirectory(deployment.paths.generated, 0o711)
    const user = containerUser(deployment)
    await giveToContainers(deployment, user)
    await writeFile(deployment.paths.compose, await composeFile(`${user.uid}:${user.gid}`, deployment))
    project = await projectOf(deployment)
    await compose(project, ['up', '--detach', '--wait'])
  })
  after(async () => {
    await compose(project, ['down', '--volumes', '--timeout', '1'])
    await folder.remove()
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
    Object.assign(process.env, environment)
  })

  it('are refused for roles that it does not have', async () => {
    expect(await accepted()).to.deep.equal({
      'postgres-superuser-password': true,
      'database-owner-password': false,
      'database-app-password': false,
      'database-system-password': false,
    })
  })

  it('are accepted once it has them, be the database of the deployment there or not', async () => {
    for (const role of ['owner', 'app', 'system'] as const) {
      await psql(
        `create role vetrai_${role} login password '${await deployment.secret(`database-${role}-password`)}';`,
      )
    }
    expect(Object.values(await accepted())).to.deep.equal([true, true, true, true])
    await psql('create database vetrai;')
    expect(Object.values(await accepted())).to.deep.equal([true, true, true, true])
  })

  it('are told apart, in its own words and without any password', async () => {
    const wrong = 'f'.repeat(64)
    await deployment.secrets.write('database-app-password', wrong)
    const tried = await acceptedSecrets(deployment)
    expect(tried.filter((one) => !one.accepted)).to.deep.equal([
      {
        ...{ secret: 'database-app-password', accepted: false },
        detail: 'password authentication failed for user "vetrai_app"',
      },
    ])
  })

  it('leave the port of another deployment to the container that holds it', async () => {
    const other = await createDeployment(join(folder.path, 'other'), {
      config: { name: 'other', runtime: 'compose', port: deployment.config.port },
    })
    const look = async (one: Deployment) =>
      ports.run({
        ...{ stage: 'doctor', dir: one.dir, configProblems: [], deployment: one },
        ...{ runtime: undefined, status: undefined, engine: readEngineFacts },
      })
    expect(await look(deployment)).to.include({ level: 'ok' })
    const finding = await look(other)
    expect(finding).to.include({ level: 'fail' })
    expect(finding?.detail).to.include('is held by the container vetrai-passwords-postgres-1')
  })

  it('cannot be tried while it is stopped, which is no refusal', async () => {
    await compose(project, ['stop', '--timeout', '1'])
    const error = await acceptedSecrets(deployment).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(CliError)
    expect(error).to.include({ code: 'database_unreachable', exitCode: 3 })
  })

  async function accepted(): Promise<Record<string, boolean>> {
    return Object.fromEntries((await acceptedSecrets(deployment)).map((one) => [one.secret, one.accepted]))
  }

  /** As the superuser, by the socket inside the container, statements on standard input. */
  async function psql(statement: string): Promise<void> {
    await compose(
      project,
      ['exec', '-T', 'postgres', 'psql', '-U', 'postgres', '-q', '-v', 'ON_ERROR_STOP=1'],
      {
        input: statement,
      },
    )
  }
})

/** The database's fragment with its placeholders filled, its data in memory, and the deployment's own port. */
async function composeFile(user: string, { config }: Deployment): Promise<string> {
  const images = parse(await composeAsset('images.yaml')) as Record<string, string>
  const [common, fragment] = await Promise.all(
    ['common', 'postgres'].map(async (name) => parse(await composeAsset(`fragments/${name}.yaml`)) as object),
  )
  const postgres = {
    ...common,
    ...fragment,
    image: imageOverrides().postgres ?? images.postgres,
    user,
    command: ['postgres'],
    networks: undefined,
    volumes: undefined,
    restart: 'no',
    tmpfs: ['/tmp', '/run/postgresql', '/var/run/postgresql', '/var/lib/postgresql/data'].map(
      (path) => `${path}:mode=1777`,
    ),
    mem_limit: '512m',
    shm_size: '64m',
    ports: [`127.0.0.1:${config.port}:5432`],
  }
  return stringify({
    services: { postgres },
    secrets: { 'postgres-superuser-password': { file: './secrets/postgres-superuser-password' } },
  })
}
