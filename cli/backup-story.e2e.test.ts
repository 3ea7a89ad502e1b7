import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { type Manifest, manifestSchema } from '../server/backup/manifest.js'
import { sealManifest } from '../server/backup/manifests.js'
import { createFileObjectStore } from '../server/storage/object-store/file-driver.js'
import { silentProgress as silent } from './base/progress.js'
import { openDeployment } from './deployment/deployment.js'
import { makeRecoveryKey } from './operations/backup/recovery-key.js'
import { rotateSecrets } from './operations/secrets/rotate-secrets.js'
import { runtimeFor } from './runtimes/index.js'
import { makeCredentials } from './testing/credentials.js'
import { missingFields } from './testing/documented.js'
import {
  expectSettled,
  type LivingDeployment,
  livingDeployment,
  slugsIn,
} from './testing/living-deployment.js'
import { runVetrai } from './testing/run-vetrai.js'

const run = promisify(execFile)
const FLIPPED = 4
interface Problem {
  error: { code: string; message: string; next: string }
}

describe('a deployment that is backed up under load, lost, and restored', function () {
  this.timeout(300_000)
  let living: LivingDeployment
  let dir: string
  let keyFile: string
  let archive: string
  let backup: { id: string; created_at: string; objects: number }
  let credentials: (() => Promise<void>)[]
  const objects = new Map<string, string>()
  const made: string[] = []
  const path = (name: string) => join(living.folder, name)

  before(async () => {
    living = await livingDeployment('story')
    dir = living.dir
    keyFile = path('recovery.key')
    await writeFile(keyFile, `${living.recoveryKey}\n`)
    credentials = [await makeCredentials(await living.open()), await makeCredentials(await living.open())]
    const store = objectsOf(dir)
    for (const n of [1, 2, 3]) {
      const body = Buffer.alloc(n * 50_000, `object ${n} `)
      await store.put(`story/${n}`, body, { contentType: 'text/plain' })
      objects.set(`story/${n}`, createHash('sha256').update(body).digest('hex'))
    }
    await living.load.more(6)
  })
  after(async () => {
    for (const other of made) await runVetrai(['down', '--quiet', '--dir', other])
    await living.remove()
    for (const other of made) await runVetrai(['uninstall', '--confirm', 'story', '--dir', other])
  })

  const vetrai = (...argv: string[]) => runVetrai(argv)
  const json = async <T>(...argv: string[]): Promise<T> => {
    const done = await vetrai(...argv, '--json')
    expect(done.code, `${argv.join(' ')}: ${done.stdout}${done.stderr}`).to.equal(0)
    expect(missingFields(argv, done.json())).to.deep.equal([])
    return done.json<T & Record<string, unknown>>()
  }

  describe('is backed up', () => {
    it('while people write, and what was made is whole', async () => {
      backup = await json('backup', 'create', '--dir', dir)
      await living.load.more(4)
      expect(backup.objects).to.equal(objects.size)
      archive = path('story.tar')
      await json('backup', 'download', backup.id, '--output', archive, '--dir', dir)
      expect(await json('backup', 'verify', archive, '--dir', dir)).to.include({ ok: true, opened: true })
      expect(await json('backup', 'drill', backup.id, '--dir', dir)).to.include({ ok: true })
      await expectSettled(dir)
    })

    it('not to a target that is full or read-only, where nothing half stays', async function () {
      const folder = path('small')
      await mkdir(folder)
      try {
        await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
      } catch (error) {
        process.stderr.write(
          `      no small disk can be made here: ${String(error).split('\n')[1] ?? error}\n`,
        )
        return this.skip()
      }
      try {
        const config = await openDeployment(dir)
        await config.set('backup.targets', [{ name: 'local' }, { name: 'small', folder }])
        const full = await vetrai('backup', 'create', '--target', 'small', '--dir', dir, '--json')
        expect(full.json<Problem & Record<string, unknown>>().error).to.include({ code: 'disk_full' })
        expect(await readdir(join(folder, 'backups')).catch(() => [])).to.deep.equal([])
        await run('mount', ['-o', 'remount,ro', folder])
        const closed = await vetrai('backup', 'create', '--dir', dir, '--json')
        expect(closed.code).to.equal(1)
        const { error } = closed.json<Problem & Record<string, unknown>>()
        expect(error.message)
          .to.include('small')
          .and.match(/kept|is in local/)
        await expectSettled(dir)
      } finally {
        await run('umount', [folder])
        await (await openDeployment(dir)).set('backup.targets', [{ name: 'local' }])
      }
    })
  })

  describe('refuses to restore, before anything is touched,', () => {
    let untouched: object
    const state = async () => {
      const deployment = await openDeployment(dir)
      const { components } = await runtimeFor(deployment).status(deployment)
      const actions = (await deployment.journal.entries(1_000)).map(({ action }) => action)
      return {
        pids: components.map(({ name, pid }) => [name, pid]),
        restores: actions.filter((action) => action === 'restore').length,
        backups: (await readdir(deployment.paths.backups, { recursive: true })).sort(),
      }
    }
    const refused = async (...argv: string[]): Promise<Problem['error'] & { exit: number | null }> => {
      const done = await vetrai('restore', ...argv, '--json')
      expect(done.code, done.stdout).to.be.greaterThan(0)
      const { error } = done.json<Problem & Record<string, unknown>>()
      expect(error.next).to.be.a('string').and.not.equal('')
      return { ...error, exit: done.code }
    }
    before(async () => {
      untouched = await state()
    })
    afterEach(async () => {
      expect(await state()).to.deep.equal(untouched)
      await expectSettled(dir)
    })

    it('to replace data without the name of the deployment', async () => {
      expect(await refused(archive, '--dir', dir)).to.include({ exit: 2 })
      expect(await refused(archive, '--dir', dir, '--confirm', 'other')).to.include({
        code: 'not_confirmed',
        exit: 4,
      })
    })

    it('a file that is cut off, and one with other bytes', async () => {
      const [short, flipped] = [path('short.tar'), path('flipped.tar')]
      await Promise.all([cp(archive, short), cp(archive, flipped)])
      const { size } = await stat(archive)
      await truncate(short, size - 20_000)
      const bytes = await readFile(flipped)
      const at = bytes.length - 10_000
      bytes[at] = (bytes[at] ?? 0) ^ FLIPPED
      await writeFile(flipped, bytes)
      for (const file of [short, flipped])
        expect(await refused(file, '--dir', dir, '--confirm', 'story'), file).to.include({ code: 'damaged' })
      const other = path('nowhere')
      expect(await refused(flipped, '--dir', other, '--identity-file', keyFile)).to.include({
        code: 'damaged',
      })
      expect(await readdir(other).catch(() => 'not there')).to.equal('not there')
    })

    it('a backup of a newer version', async () => {
      const folder = path('newer')
      await cp((await openDeployment(dir)).paths.backups, folder, { recursive: true })
      const file = join(folder, 'backups', backup.id, 'manifest.json')
      const { seal: _, ...manifest } = manifestSchema.parse(
        JSON.parse(await readFile(file, 'utf8')),
      ) as Manifest
      manifest.database.migrations.push('29991231235959-future-create-wonders')
      await writeFile(file, JSON.stringify(sealManifest(manifest)))
      const error = await refused(backup.id, '--from', folder, '--dir', dir, '--confirm', 'story')
      expect(error).to.include({ code: 'newer_version' })
      expect(error.next).to.include('Upgrade')
    })

    it('a key of somebody else, no key at all, and a file that is none', async () => {
      const [wrong, other] = [path('wrong.key'), path('nowhere')]
      await writeFile(wrong, `${(await makeRecoveryKey()).identity}\n`)
      const at = ['--dir', other]
      expect(await refused(archive, '--identity-file', wrong, ...at)).to.include({
        code: 'kit_sealed',
        exit: 4,
      })
      expect(await refused(archive, ...at)).to.include({ code: 'kit_needed', exit: 4 })
      expect(await refused(archive, '--identity-file', archive, ...at)).to.include({
        code: 'identity_invalid',
        exit: 2,
      })
      expect(await refused(keyFile, '--identity-file', keyFile, ...at)).to.include({ code: 'not_an_archive' })
      expect(await readdir(other).catch(() => 'not there')).to.equal('not there')
    })

    it('a directory that holds something else', async () => {
      const foreign = path('foreign')
      await mkdir(foreign)
      await writeFile(join(foreign, 'notes.txt'), 'mine')
      const error = await refused(archive, '--identity-file', keyFile, '--dir', foreign)
      expect(error).to.include({ code: 'directory_not_empty', exit: 4 })
      expect(await readdir(foreign)).to.deep.equal(['notes.txt'])
    })
  })

  describe('is restored', () => {
    it('onto itself after its keys were rotated, with keys and people from before', async () => {
      const deployment = await openDeployment(dir)
      const context = { deployment, runtime: runtimeFor(deployment), progress: silent }
      for (const name of ['master-key', 'backup-key', 'operator-token'])
        await rotateSecrets(context, { name, leaked: false })
      await living.load.more(2)
      const present = living.load.accepted.map(({ slug }) => slug)
      const done = await json<{ safety_backup: string }>(
        'restore',
        archive,
        '--dir',
        dir,
        '--confirm',
        'story',
      )
      await credentials[0]?.()
      await expectSettled(dir)
      await expectRestored(dir)
      await context.runtime.restart(await openDeployment(dir), 'server', silent)
      await expectSettled(dir)
      // And there is a way back from that.
      await json('restore', done.safety_backup, '--dir', dir, '--confirm', 'story')
      const there = await slugsIn(await openDeployment(dir))
      expect(present.filter((slug) => !there.has(slug))).to.deep.equal([])
      await expectSettled(dir)
    })

    it('after it was destroyed, whole, in another directory, from the file and the recovery key', async () => {
      await living.load.stop()
      await json('down', '--dir', dir)
      await json('uninstall', '--confirm', 'story', '--dir', dir)
      const other = path('again')
      made.push(other)
      const done = await json<{ creates: boolean; rows: number; url: string }>(
        ...['restore', archive, '--identity-file', keyFile, '--dir', other],
      )
      expect(done).to.include({ creates: true })
      await credentials[1]?.()
      await expectRestored(other)
      expect(await json('audit', 'verify', '--dir', other)).to.include({ ok: true })
      const store = objectsOf(other)
      for (const [key, hash] of objects) {
        const { body } = await store.get(key)
        const sum = createHash('sha256')
        for await (const piece of body) sum.update(piece as Buffer)
        expect(sum.digest('hex'), key).to.equal(hash)
      }
      const { checks } = await json<{ checks: { name: string; level: string }[] }>('doctor', '--dir', other)
      expect(checks.filter(({ level }) => level === 'fail')).to.deep.equal([])
      await expectSettled(other)
      await json('backup', 'create', '--dir', other)
      await rm(archive)
    })
  })

  /** Every write that was accepted before the snapshot is there, and none that was asked for after it. */
  async function expectRestored(where: string): Promise<void> {
    const taken = Date.parse(backup.created_at)
    const there = await slugsIn(await openDeployment(where))
    const { accepted, problems } = living.load
    const missing = accepted.filter(({ answered, slug }) => answered < taken && !there.has(slug))
    expect(missing).to.deep.equal([])
    expect(problems).to.deep.equal([])
  }
})

function objectsOf(dir: string) {
  return createFileObjectStore({
    path: join(dir, 'objects'),
    baseUrl: 'http://127.0.0.1',
    secret: 'a'.repeat(64),
  })
}
