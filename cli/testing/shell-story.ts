import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { JournalEntry } from '../deployment/journal.js'
import type { RunningStory } from './deployment-story.js'
import type { VetraiRun } from './run-vetrai.js'

/**
 * What `exec` and `shell` promise on every runtime. `run` runs one of them on the deployment, with something on its standard
 * input; words after `--` stay last.
 */
export function tellShells(
  { dir, acme, json }: RunningStory,
  { run, hasPsql }: { run: (stdin: string, ...argv: string[]) => Promise<VetraiRun>; hasPsql: boolean },
): void {
  it('runs a program beside the server, with the arguments, streams and exit code of its own', async () => {
    const script = 'echo "$1"; echo $NODE_ENV >&2; exit 7'
    const done = await run('', 'exec', 'server', '--', 'sh', '-c', script, 'sh', '--json')
    expect(done).to.include({ code: 7, stdout: '--json\n', stderr: 'production\n' })
    expect((await run('from a pipe', 'exec', 'server', '--', 'cat')).stdout).to.equal('from a pipe')
    expect((await run('', 'exec', 'nginx', '--', 'true')).code).to.equal(2)
    expect((await run('', 'exec', 'server')).code).to.equal(2)
  })

  it('names secrets to that program by file, and gives it none by value', async () => {
    const { stdout } = await run('', 'exec', 'server', '--', 'env')
    expect(stdout).to.match(/^VETRAI_SECRET_FILE=/m)
    for (const name of ['master-key', 'database-app-password', 'redis-password', 'operator-token']) {
      expect(stdout, name).not.to.include((await readFile(join(dir(), 'secrets', name), 'utf8')).trim())
    }
  })

  it('opens Redis and a shell of the server to a script', async () => {
    const redis = await run('set shell-story 42\nget shell-story\ndel shell-story\n', 'shell', 'redis')
    expect(redis.code, redis.stderr).to.equal(0)
    expect(redis.stdout.trim().split('\n')).to.deep.equal(['OK', '42', '1'])
    const shell = await run('echo "$VETRAI_NAME"; exit 3', 'shell', 'server')
    expect(shell).to.include({
      code: 3,
      stdout: `${(await json<{ value: string }>('config', 'get', 'name')).value}\n`,
    })
    expect((await run('', 'shell', 'mongo')).code).to.equal(2)
  })

  if (hasPsql) {
    it('opens the database to a script in each role, and fails with it', async () => {
      const roles = {
        owner: 'vetrai_owner',
        app: 'vetrai_app',
        system: 'vetrai_system',
        superuser: 'postgres',
      }
      for (const [role, name] of Object.entries(roles)) {
        const done = await run('select current_user', 'shell', 'db', '--role', role, '--', '-At')
        expect(done, done.stderr).to.include({ code: 0, stdout: `${name}\n` })
      }
      const count = "select count(*) from tenants where slug = 'acme'"
      const passed = await run('', 'shell', 'db', '--role', 'superuser', '--', '-Atc', count)
      expect(passed.stdout, String(acme().id)).to.equal('1\n')
      const broken = await run('select nonsense;\nselect 1;', 'shell', 'db')
      expect(broken.code).to.equal(3)
      expect(broken.stdout).to.equal('')
    })
  }

  it('writes down who went where, and not what was done there', async () => {
    await run('', 'exec', 'server', '--', 'echo', 'quite-private')
    await run('ping', 'shell', 'redis')
    const month = new Date().toISOString().slice(0, 7)
    const journal = await readFile(join(dir(), 'journal', `${month}.jsonl`), 'utf8')
    expect(journal).not.to.include('quite-private')
    const entries = journal
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as JournalEntry)
    const last = (action: string) =>
      entries.findLast((one) => one.action === action && one.phase === 'started')
    expect(last('exec')?.detail)
      .to.include({ component: 'server' })
      .and.have.property('by')
      .that.is.a('string')
    expect(last('shell')?.detail).to.include({ target: 'redis' })
  })
}
