import { access, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { runCli } from '../testing/run-cli.js'
import { temporaryFolder } from '../testing/temporary-folder.js'

describe('commands on a deployment directory', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string
  const run = (argv: string, stdin = '', env = {}) =>
    runCli([...argv.split(' '), '--dir', dir], { stdin, env })

  beforeEach(async () => {
    folder = await temporaryFolder()
    dir = join(folder.path, 'shop')
  })
  afterEach(() => folder.remove())

  describe('init', () => {
    it('names the answers it misses where it cannot ask', async () => {
      const { code, stderr } = await run('init')
      expect(code).to.equal(2)
      expect(stderr)
        .to.include('--name (or VETRAI_NAME)')
        .and.include('--operator-email (or VETRAI_OPERATOR_EMAIL)')
      const { error } = (await run('init --name shop --json')).json<{
        error: { code: string; message: string }
      }>()
      expect(error.code).to.equal('missing_answers')
      expect(error.message).to.include('--operator-email').and.not.include('--name')
    })

    it('takes every answer from flags', async () => {
      const { code } = await run(
        'init --name shop --operator-email ops@shop.example --port 8444 --public-url https://api.shop.example --signup open --mail-from ops@shop.example --smtp-host mail.shop.example --smtp-port 465 --smtp-secure --smtp-user ops',
      )
      expect(code).to.equal(0)
      const { config } = (await run('config show --json')).json<{ config: Record<string, unknown> }>()
      expect(config).to.deep.include({
        name: 'shop',
        port: 8444,
        public_url: 'https://api.shop.example',
        operator: { email: 'ops@shop.example' },
        auth: { signup: 'open' },
      })
      expect(config.mail).to.deep.equal({
        from: 'ops@shop.example',
        smtp: { host: 'mail.shop.example', port: 465, user: 'ops', secure: true },
      })
    })

    it('takes every answer from variables', async () => {
      const env = { VETRAI_NAME: 'shop', VETRAI_OPERATOR_EMAIL: 'ops@shop.example', VETRAI_PORT: '8445' }
      expect((await run('init --json', '', env)).json()).to.include({
        name: 'shop',
        url: 'http://127.0.0.1:8445',
      })
    })

    it('keeps secrets from files, private, and out of vetrai.yml', async () => {
      const file = join(folder.path, 'given')
      await writeFile(file, 'smtp-words\n')
      await run(`init --yes --smtp-host mail.example --smtp-password-file ${file}`)
      const kept = join(dir, 'secrets/smtp-password')
      expect((await readFile(kept, 'utf8')).trim()).to.equal('smtp-words')
      expect((await stat(kept)).mode & 0o777).to.equal(0o600)
      expect(await readFile(join(dir, 'vetrai.yml'), 'utf8')).not.to.include('smtp-words')
    })

    it('stores files in S3 when told where', async () => {
      await run(
        'init --yes --s3-endpoint http://127.0.0.1:9000 --s3-bucket files --s3-access-key ak --s3-region eu',
      )
      expect((await run('config get objects --json')).json()).to.deep.include({
        value: {
          store: 's3',
          s3: { endpoint: 'http://127.0.0.1:9000', region: 'eu', bucket: 'files', access_key: 'ak' },
        },
      })
    })

    it('takes safe defaults with --yes, and never touches what is there', async () => {
      const first = await run('init --yes')
      expect(first.stdout).to.include('Created shop').and.include('secrets/operator-password')
      const before = await readFile(join(dir, 'vetrai.yml'), 'utf8')
      const again = await run('init --yes --name other --json')
      expect(again.code).to.equal(4)
      expect(again.json<{ error: object }>().error).to.include({ code: 'deployment_exists' })
      expect(await readFile(join(dir, 'vetrai.yml'), 'utf8')).to.equal(before)
    })

    it('refuses an answer that makes no sense', async () => {
      const { code, stderr } = await run('init --name shop --operator-email nonsense')
      expect(code).to.equal(2)
      expect(stderr).to.include('operator.email')
    })
  })

  describe('config', () => {
    beforeEach(() => run('init --yes --port 8446'))

    it('gets bare values, fit for a script', async () => {
      expect((await run('config get port')).stdout).to.equal('8446\n')
      expect((await run('config get operator')).stdout).to.include('"email"')
      expect((await run('config get public_url')).stdout).to.equal('')
      expect((await run('config get public_url --json')).json()).to.deep.equal({
        path: 'public_url',
        value: null,
      })
    })

    it('sets and unsets, and says when nothing changed', async () => {
      expect((await run('config set database.pool_max 20 --json')).json()).to.deep.equal({
        path: 'database.pool_max',
        value: 20,
        changed: true,
      })
      expect((await run('config set database.pool_max 20 --json')).json()).to.include({ changed: false })
      expect((await run('config set database.pool_max --unset --json')).json()).to.include({ value: 10 })
    })

    it('keeps the comments of the file', async () => {
      await run('config set log.level debug')
      expect(await readFile(join(dir, 'vetrai.yml'), 'utf8')).to.match(/^# /m)
    })

    it('refuses to put backups into the bucket that the objects are in', async () => {
      const s3 = '{"endpoint":"https://s3.example","bucket":"files","access_key":"K"}'
      expect((await run(`config set objects {"store":"s3","s3":${s3}}`)).code).to.equal(0)
      const refused = await run(`config set backup.targets [{"name":"off","s3":${s3}}]`)
      expect(refused.code).to.equal(2)
      expect(refused.stderr).to.match(/backup\.targets\.0\.s3\.bucket: is the bucket of objects\.s3/)
    })

    it('writes nothing when the result would not be valid', async () => {
      const before = await readFile(join(dir, 'vetrai.yml'), 'utf8')
      expect((await run('config set port 99999')).code).to.equal(2)
      expect((await run('config set no.such.key 1')).code).to.equal(2)
      expect((await run('config set port')).code).to.equal(2)
      expect(await readFile(join(dir, 'vetrai.yml'), 'utf8')).to.equal(before)
    })

    it('takes the operator’s secrets from standard input only', async () => {
      expect((await run('config set secrets.smtp-password words')).code).to.equal(2)
      expect((await run('config set secrets.smtp-password')).code).to.equal(2)
      const set = await run('config set secrets.smtp-password --stdin --json', 'words\n')
      expect(set.json()).to.deep.equal({ path: 'secrets.smtp-password', value: null, changed: true })
      expect(await readFile(join(dir, 'secrets/smtp-password'), 'utf8')).to.include('words')
      expect((await run('config set secrets.master-key --stdin', 'x')).code).to.equal(4)
    })

    it('lists every problem of a file at once', async () => {
      expect((await run('config validate')).code).to.equal(0)
      const path = join(dir, 'vetrai.yml')
      await writeFile(path, `${await readFile(path, 'utf8')}\ncolour: blue\n`)
      await writeFile(path, (await readFile(path, 'utf8')).replace('port: 8446', 'port: many'))
      const verdict = await run('config validate --json')
      expect(verdict.code).to.equal(1)
      expect(verdict.json<{ problems: object[] }>().problems).to.have.length(2)
      expect((await run('config validate')).stdout)
        .to.include('port')
        .and.include('2 problems')
    })

    it('opens no editor where there is no terminal', async () => {
      const { code, stderr } = await run('config edit')
      expect(code).to.equal(2)
      expect(stderr).to.include('vetrai config set')
    })
  })

  describe('status, doctor, open, logs, down and uninstall', () => {
    it('say with exit code 3 that there is no deployment, and how to make one', async () => {
      for (const argv of [
        'status',
        'open',
        'logs',
        'down',
        'restart',
        'uninstall',
        'tenants list',
        'seed',
        'config get port',
      ]) {
        const { code, stderr } = await run(argv)
        expect(code, argv).to.equal(3)
        expect(stderr, argv).to.include('vetrai init')
      }
    })

    it('show a stopped deployment in the stable shape, with exit code 3', async () => {
      await run('init --yes')
      const { code, json, stdout } = await run('status --json')
      expect(code).to.equal(3)
      expect(json()).to.include.keys('url', 'version', 'runtime', 'ready', 'components')
      const { components } = json<{ components: Record<string, unknown>[] }>()
      expect(components.map(({ name }) => name)).to.have.members(['server', 'postgres', 'redis'])
      for (const component of components) {
        expect(component, stdout).to.have.all.keys(
          'name',
          'pid',
          'state',
          'version',
          'uptime_s',
          'memory_bytes',
          'last_error',
        )
      }
      expect((await run('status')).stdout).to.match(/ready +no/)
    })

    it('examine an empty directory and a stopped deployment', async () => {
      const empty = (await run('doctor --json')).json<{ checks: { name: string }[] }>()
      expect(empty.checks.map(({ name }) => name)).to.include.members(['node', 'memory', 'disk', 'clock'])
      await run('init --yes')
      const { code, stdout } = await run('doctor')
      expect(code).to.equal(0)
      expect(stdout).to.include('vetrai up').and.include('secrets are in place')
    })

    it('exit 1 with a remedy when something is wrong', async () => {
      await run('init --yes')
      await writeFile(join(dir, 'vetrai.yml'), 'name: [')
      const { code, stdout } = await run('doctor')
      expect(code).to.equal(1)
      expect(stdout).to.include('vetrai config edit')
    })

    it('print the URL of the documentation', async () => {
      await run('init --yes --port 8447')
      expect((await run('open')).stdout).to.equal('http://127.0.0.1:8447/docs\n')
      expect((await run('open --json')).json()).to.deep.equal({
        url: 'http://127.0.0.1:8447/docs',
        opened: false,
      })
    })

    it('change nothing that is stopped already', async () => {
      await run('init --yes')
      expect((await run('down --json')).json()).to.deep.equal({ changed: false })
    })

    it('remove a deployment only when its name is repeated, and leave foreign files', async () => {
      await run('init --yes')
      expect((await run('uninstall')).code).to.equal(2)
      expect((await run('uninstall --yes')).code).to.equal(2)
      expect((await run('uninstall --confirm store')).code).to.equal(4)
      await access(join(dir, 'vetrai.yml'))
      await mkdir(join(dir, 'notes'))
      const kept = (await run('uninstall --confirm shop --json')).json()
      expect(kept).to.deep.equal({
        ...{ name: 'shop', dir, removed: false, data_kept: false },
        ...{ backups: null, left: ['notes'] },
      })
    })

    it('leave nothing behind', async () => {
      await run('init --yes')
      expect((await run('uninstall --confirm shop --json')).json()).to.include({ removed: true })
      await access(dir).then(
        () => expect.fail('the directory is still there'),
        () => undefined,
      )
    })
  })

  describe('up', () => {
    it('refuses a host that is not ready, with the remedy, and starts nothing', async () => {
      await run('init --yes')
      const secret = join(dir, 'secrets/master-key')
      await writeFile(secret, 'damaged')
      const { code, json } = await run('up --json')
      expect(code).to.equal(1)
      const { error } = json<{ error: { code: string; message: string; next: string } }>()
      expect(error.code).to.equal('preflight_failed')
      expect(error.message).to.include('master-key')
      expect(
        (await run('status --json'))
          .json<{ components: { pid: unknown }[] }>()
          .components.every(({ pid }) => pid === null),
      ).to.equal(true)
    })
  })
})
