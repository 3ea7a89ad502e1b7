import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { createDeployment } from './create-deployment.js'
import { openDeployment } from './deployment.js'
import { createOperatorToken, isWellFormedToken } from './operator-token.js'
import { resolveDeploymentDir } from './resolve-dir.js'

describe('deployment directory', () => {
  let parent: string
  let dir: string

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'vetrai-deployment-'))
    dir = join(parent, 'acme')
  })

  afterEach(() => rm(parent, { recursive: true }))

  it('is named after its folder and listens on loopback unless told otherwise', async () => {
    const { config, id } = await createDeployment(dir)
    expect(config).to.include({ name: 'acme', host: '127.0.0.1', runtime: 'embedded' })
    expect(config.auth.signup).to.equal('invite')
    expect(id).to.match(/^[0-9a-f]{16}$/)
    expect((await openDeployment(dir)).id).to.equal(id)
  })

  it('generates secrets that need no quoting anywhere, in files only their owner reads', async () => {
    const { paths, secrets } = await createDeployment(dir)
    expect((await stat(paths.secrets)).mode & 0o777).to.equal(0o700)
    const names = await readdir(paths.secrets)
    expect(names).to.include.members(['master-key', 'operator-token', 'redis-password'])
    for (const name of names) {
      expect((await stat(join(paths.secrets, name))).mode & 0o777, name).to.equal(0o600)
      expect(await readFile(join(paths.secrets, name), 'utf8')).to.match(/^[A-Za-z0-9_-]{32,80}\n$/)
    }
    expect(await secrets.read('master-key')).to.match(/^[0-9a-f]{64}$/)
    expect(isWellFormedToken(await secrets.read('operator-token'))).to.equal(true)
  })

  it('takes the secrets and settings the operator brings', async () => {
    const deployment = await createDeployment(dir, {
      config: {
        mail: { smtp: { host: 'smtp.example.com', user: 'me' } },
        operator: { email: 'me@example.com' },
      },
      secrets: { 'operator-password': 'correct horse', 'smtp-password': 'pa$$ "word"' },
    })
    expect(await deployment.secret('operator-password')).to.equal('correct horse')
    const env = await deployment.serverEnv()
    expect(env).to.include({
      SMTP_HOST: 'smtp.example.com',
      SMTP_PORT: '587',
      OPERATOR_EMAIL: 'me@example.com',
    })
    expect(env.SMTP_PASSWORD_FILE).to.equal(join(dir, 'secrets', 'smtp-password'))
    expect(env).not.to.have.any.keys('MAILBOX_PATH', 'SMTP_PASSWORD')
  })

  it('is never overwritten, and never made where other files are', async () => {
    await createDeployment(dir)
    const again = await createDeployment(dir).catch((reason: unknown) => reason)
    expect(again).to.include({ code: 'deployment_exists', exitCode: 4 })

    const foreign = await createDeployment(parent).catch((reason: unknown) => reason)
    expect(foreign).to.include({ code: 'directory_not_empty' })
  })

  it('can be created again after an interruption, and keeps the secrets it had', async () => {
    const first = await createDeployment(dir)
    const key = await first.secret('master-key')
    await rm(first.paths.config)

    const second = await createDeployment(dir)
    expect(await second.secret('master-key')).to.equal(key)
    expect(second.id).to.equal(first.id)
  })

  it('lists what is wrong with the answers and creates nothing', async () => {
    const config = { name: 'Not A Name', port: 99_999 }
    const error = await createDeployment(dir, { config }).catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'config_invalid', exitCode: 2 })
    expect(String(error)).to.include('name').and.include('port')
    expect(await readdir(parent)).to.deep.equal([])
  })

  it('explains a missing secret, a missing and a damaged lock.json', async () => {
    const { paths, ...deployment } = await createDeployment(dir)
    await rm(join(paths.secrets, 'redis-password'))
    const secret = await deployment.secrets.read('redis-password').catch((reason: unknown) => reason)
    expect(secret).to.include({ code: 'secret_missing' })

    await writeFile(paths.lock, '{"id":')
    expect(await openDeployment(dir).catch((reason: unknown) => reason)).to.include({ code: 'lock_invalid' })
    await rm(paths.lock)
    expect(await openDeployment(dir).catch((reason: unknown) => reason)).to.include({ code: 'lock_missing' })
  })

  it('reaches servers of the operator with the passwords that were given, and only those', async () => {
    const deployment = await createDeployment(dir, {
      config: {
        database: { url: 'postgres://db.internal:5432/vetrai', admin_user: 'root' },
        redis: { url: 'redis://cache.internal:6379/1' },
        objects: {
          store: 's3',
          s3: { endpoint: 'https://s3.internal', bucket: 'files', access_key: 'AK' },
        },
        public_url: 'https://api.example.com/',
        trust_proxy: ['10.0.0.0/8'],
        settings: { DATABASE_STATEMENT_TIMEOUT_MS: 5_000 },
      },
      secrets: { 'external-postgres-password': 'pg', 's3-secret-key': 's3' },
    })
    const env = await deployment.migrateEnv({ databaseUrl: 'postgres://elsewhere/x' })
    expect(env).to.include({
      DATABASE_URL: 'postgres://db.internal:5432/vetrai',
      DATABASE_ADMIN_USER: 'root',
      DATABASE_ADMIN_PASSWORD_FILE: join(dir, 'secrets', 'external-postgres-password'),
      REDIS_URL: 'redis://cache.internal:6379/1',
      S3_SECRET_KEY_FILE: join(dir, 'secrets', 's3-secret-key'),
      VETRAI_PUBLIC_URL: 'https://api.example.com',
      TRUST_PROXY: '10.0.0.0/8',
      DATABASE_STATEMENT_TIMEOUT_MS: '5000',
    })
    expect(env).not.to.have.any.keys('REDIS_PASSWORD_FILE', 'OBJECT_STORE_PATH', 'SMTP_HOST')
    expect(deployment.publicUrl).to.equal('https://api.example.com')
    expect(deployment.localUrl).to.equal(`http://127.0.0.1:${deployment.config.port}`)
  })

  it('keeps files in the folder while that is chosen, whatever details of an S3 are left', async () => {
    const deployment = await createDeployment(dir, {
      config: {
        objects: {
          store: 'file',
          s3: { endpoint: 'https://s3.internal', bucket: 'files', access_key: 'AK' },
        },
      },
    })
    const env = await deployment.serverEnv()
    expect(env).to.include({ OBJECT_STORE: 'file', OBJECT_STORE_PATH: join(dir, 'objects') })
    expect(env).not.to.have.any.keys('S3_ENDPOINT', 'S3_SECRET_KEY_FILE')
  })

  it('hands on the secrets of monitoring, and goes without where it is older than they are', async () => {
    const deployment = await createDeployment(dir)
    const names = ['METRICS_TOKEN_FILE', 'DATABASE_MONITOR_PASSWORD_FILE']
    const env = await deployment.migrateEnv()
    expect(env).to.include({
      METRICS_TOKEN_FILE: join(dir, 'secrets', 'metrics-token'),
      DATABASE_MONITOR_PASSWORD_FILE: join(dir, 'secrets', 'database-monitor-password'),
    })
    expect(await deployment.serverEnv()).not.to.have.any.keys('DATABASE_MONITOR_PASSWORD_FILE')

    for (const name of ['metrics-token', 'database-monitor-password'])
      await rm(join(deployment.paths.secrets, name))
    expect(await deployment.migrateEnv()).not.to.have.any.keys(...names)
  })

  it('gets the secrets of backups later where it is older than they are, and none where its own are lost', async () => {
    const deployment = await createDeployment(dir)
    const { paths, secrets } = deployment
    for (const name of ['backup-key', 'database-backup-password', 'redis-password'])
      await rm(join(paths.secrets, name))
    expect(await deployment.serverEnv()).to.not.have.any.keys(
      'BACKUP_KEY_FILE',
      'DATABASE_BACKUP_PASSWORD_FILE',
    )
    await secrets.generateAddedLater()
    expect(await secrets.find('redis-password')).to.equal(undefined)
    expect(await secrets.read('backup-key')).to.match(/^AGE-SECRET-KEY-1[A-Z0-9]{58}$/)
    expect(await secrets.read('database-backup-password')).to.match(/^[0-9a-f]{64}$/)

    for (const name of ['backup-key', 'master-key']) await rm(join(paths.secrets, name))
    await secrets.generateAddedLater()
    expect(await secrets.find('backup-key')).to.equal(undefined)
  })

  it('refuses a secret of several lines', async () => {
    const { secrets } = await createDeployment(dir)
    const error = await secrets.write('smtp-password', 'a\nb').catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'secret_invalid', exitCode: 2 })
  })

  it('lets one command at a time change it', async () => {
    const deployment = await createDeployment(dir)
    const order: string[] = []
    await deployment.withLock('first', async () => {
      const refused = await deployment.withLock('second', async () => {}).catch((reason: unknown) => reason)
      expect(refused).to.include({ code: 'deployment_busy', exitCode: 3 })
      expect(String(refused)).to.include('first')
      order.push('first')
    })
    await deployment.withLock('third', async () => order.push('third'))
    expect(order).to.deep.equal(['first', 'third'])
  })

  it('sees under the lock what another command has changed meanwhile', async () => {
    const [ours, theirs] = [await createDeployment(dir), await openDeployment(dir)]
    await theirs.set('port', 8765)
    await theirs.updateLock((lock) => ({ ...lock, ports: { postgres: 1234 } }))
    await ours.withLock('up', async () => {
      expect(ours.config.port).to.equal(8765)
      expect(ours.lock.ports).to.deep.equal({ postgres: 1234 })
    })
  })

  it('writes down what was done, how long it took and what failed', async () => {
    const { journal } = await createDeployment(dir)
    await journal.record('up', async (step) => step({ component: 'redis' }))
    await journal.record('down', () => Promise.reject(new Error('no'))).catch(() => {})

    const entries = await journal.entries()
    expect(entries.map(({ action, phase }) => `${action} ${phase}`)).to.deep.equal([
      ...['up started', 'up step', 'up finished', 'down started', 'down failed'],
    ])
    expect(entries[2]?.duration_ms).to.be.a('number')
    expect(await journal.entries(1)).to.have.length(1)
  })

  it('survives a folder whose mode someone loosened', async () => {
    const deployment = await createDeployment(dir)
    await chmod(deployment.paths.secrets, 0o755)
    await deployment.secrets.write('smtp-password', 'x')
    expect((await stat(deployment.paths.secrets)).mode & 0o777).to.equal(0o700)
  })
})

describe('resolveDeploymentDir', () => {
  it('prefers the flag, then the variable, then a folder with a vetrai.yml, then the home', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'vetrai-cwd-'))
    const home = '/home/someone'
    expect(resolveDeploymentDir({ flag: 'a', env: '/b', cwd, home })).to.equal(join(cwd, 'a'))
    expect(resolveDeploymentDir({ env: '/b', cwd, home })).to.equal('/b')
    expect(resolveDeploymentDir({ cwd, home })).to.equal('/home/someone/.vetrai/default')
    await writeFile(join(cwd, 'vetrai.yml'), '')
    expect(resolveDeploymentDir({ cwd, home })).to.equal(cwd)
    await rm(cwd, { recursive: true })
  })
})

describe('operator token', () => {
  it('is well formed, and no longer when any one character changes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 7, max: 42 }), fc.integer({ min: 0, max: 61 }), (position, letter) => {
        const token = createOperatorToken()
        const other = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.charAt(letter)
        const changed = token.slice(0, position) + other + token.slice(position + 1)
        return isWellFormedToken(token) && isWellFormedToken(changed) === (changed === token)
      }),
    )
  })
})
