import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { silentProgress } from '../base/progress.js'
import { createDeployment } from '../deployment/create-deployment.js'
import { type Deployment, openDeployment } from '../deployment/deployment.js'
import { findFreePort } from '../deployment/free-port.js'
import { rotatingSecrets } from '../deployment/rotating-secret.js'
import { createBackup, listBackups } from '../operations/backup/backups.js'
import type { CreateResult } from '../operations/backup/protocol.js'
import { makeRecoveryKey } from '../operations/backup/recovery-key.js'
import { startDeployment } from '../operations/start-deployment.js'
import { runtimeFor } from '../runtimes/index.js'
import { askDatabase } from './database-of.js'
import { temporaryFolder } from './temporary-folder.js'
import { WriteLoad } from './write-load.js'

/** A deployment that runs for real while somebody writes to it all the time. */
export interface LivingDeployment {
  folder: string
  dir: string
  /** Opens its backups. */
  recoveryKey: string
  load: WriteLoad
  open(): Promise<Deployment>
  remove(): Promise<void>
}

/** Makes one, brings it up and begins to write. Limits and hashing costs are those of tests. */
export async function livingDeployment(name: string): Promise<LivingDeployment> {
  const folder = await temporaryFolder()
  const dir = join(folder.path, 'home')
  const key = await makeRecoveryKey()
  const deployment = await createDeployment(dir, {
    config: {
      name,
      port: await findFreePort(),
      trust_proxy: ['127.0.0.1'],
      backup: { recovery: key.recipient },
      settings: { RATE_LIMIT_FACTOR: 1000, AUTH_BCRYPT_COST: 4 },
    },
  })
  await startDeployment(dir, silentProgress)
  const load = new WriteLoad(
    () => deployment.localUrl,
    () => deployment.secret('operator-token'),
  )
  const open = () => openDeployment(dir)
  return {
    folder: folder.path,
    ...{ dir, load, open },
    recoveryKey: key.identity,
    remove: async () => {
      await load.stop()
      // A test may have destroyed it.
      const now = (await exists(join(dir, 'vetrai.yml'))) ? await open() : undefined
      if (now) await runtimeFor(now).down(now, silentProgress)
      if (now) await runtimeFor(now).uninstall(now, silentProgress)
      await folder.remove()
    },
  }
}

/** Makes a backup as the command does. */
export async function backUp(deployment: Deployment, progress = silentProgress): Promise<CreateResult> {
  const context = { deployment, runtime: runtimeFor(deployment), progress }
  return createBackup(context, { targets: null, reason: 'manual', objects: true })
}

/** Slugs of all organisations there are. */
export async function slugsIn(deployment: Deployment): Promise<Set<string>> {
  const rows = await askDatabase<{ slug: string }>(deployment, 'select slug from tenants')
  return new Set(rows.map(({ slug }) => slug))
}

/** The deployment serves, and nothing is left of a backup or a restore that was cut short. */
export async function expectSettled(dir: string): Promise<void> {
  const deployment = await openDeployment(dir)
  const runtime = runtimeFor(deployment)
  expect((await runtime.status(deployment, { brief: true })).ready, 'ready').to.equal(true)
  expect((await fetch(`${deployment.localUrl}/readyz`)).status).to.equal(200)
  const databases = "select datname from pg_database where datname ~ '^vetrai_'"
  expect(await askDatabase(deployment, databases), 'databases').to.deep.equal([])
  const rests = "select value from installation_state where key = 'maintenance'"
  expect(await askDatabase(deployment, rests), 'maintenance').to.deep.equal([])
  expect(await exists(join(dir, 'restore.json')), 'restore.json').to.equal(false)
  expect(await rotatingSecrets(deployment.secrets)).to.deep.equal([])
  expect(await toolsOf(dir), 'programs that work on backups').to.deep.equal([])
  const { problems } = await listBackups({ deployment, runtime, progress: silentProgress }, null)
  expect(problems.filter(({ code }) => code !== 'incomplete')).to.deep.equal([])
}

/** Process ids and verbs of the programs that work on the backups of a deployment. */
export async function toolsOf(dir: string): Promise<{ pid: number; verb: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [line, env] = await Promise.all(
        ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      )
      const words = line?.split('\0') ?? []
      const program = words.findIndex((word) => word.endsWith('backup-tool.js'))
      const verb = words[program + 1] ?? ''
      return program > 0 && env?.includes(dir) ? [{ pid: Number(pid), verb }] : []
    }),
  )
  return found.flat()
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
