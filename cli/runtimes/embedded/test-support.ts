import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDeployment } from '../../deployment/create-deployment.js'
import type { Deployment } from '../../deployment/deployment.js'
import { findFreePort } from '../../deployment/free-port.js'
import type { ComponentStatus, Progress, Runtime } from '../runtime.js'
import { leaseCache } from './cache-folder.js'
import { embeddedRuntime } from './embedded-runtime.js'
import { installedPrograms, type ProgramPaths } from './program-paths.js'
import { livingSupervisor, stopSupervisor } from './supervisor-client.js'

/** Progress that nobody watches. */
export const silent: Progress = { step: () => ({ update: () => {}, done: () => {}, fail: () => {} }) }

/** A deployment with stand-ins for the server programs; stores and supervisor are the real ones. */
export interface TestDeployment {
  deployment: Deployment
  runtime: Runtime
  programs: ProgramPaths
  component(name: string): Promise<ComponentStatus>
  /** Stops and removes everything, whatever state it is in. */
  cleanUp(): Promise<void>
}

/**
 * Creates a deployment in a fresh folder, called `home` unless told otherwise; `closed` puts it beneath a
 * folder only its owner may enter.
 */
export async function testDeployment(
  options: { closed?: boolean; folder?: string } = {},
): Promise<TestDeployment> {
  await leaseCache(`process-${process.pid}`)
  const parent = await temporaryFolder()
  if (options.closed) await chmod(parent, 0o700)
  const programs = await fakePrograms(join(parent, 'programs'))
  const port = await findFreePort()
  const deployment = await createDeployment(join(parent, options.folder ?? 'home'), {
    config: { name: 'test', port },
  })
  const runtime = embeddedRuntime(async () => programs)
  return {
    ...{ deployment, runtime, programs },
    component: async (name) => {
      const { components } = await runtime.status(deployment)
      const found = components.find((one) => one.name === name)
      if (!found) throw new Error(`no component ${name}`)
      return found
    },
    cleanUp: async () => {
      if (await livingSupervisor(deployment)) await stopSupervisor(deployment)
      await runtime.down(deployment, silent).catch(() => {})
      await runtime.uninstall(deployment, silent).catch(() => {})
      await rm(parent, { recursive: true, force: true })
    },
  }
}

/** A fresh folder that every user may pass through. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vetrai-test-'))
  await chmod(folder, 0o711)
  return folder
}

/** Waits until a condition holds; throws after `timeoutMs`. */
export async function eventually(holds: () => Promise<boolean> | boolean, timeoutMs = 8_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await holds()); await sleep(25)) {
    if (Date.now() > deadline) throw new Error('it did not happen in time')
  }
}

async function fakePrograms(folder: string): Promise<ProgramPaths> {
  const { supervisor } = await installedPrograms()
  const server = join(folder, 'server', 'main.js')
  const migrate = join(folder, 'migrate', 'migrate.js')
  const migrations = join(folder, 'migrations')
  for (const path of ['server', 'migrate', 'migrations']) await mkdir(join(folder, path), { recursive: true })
  await writeFile(join(folder, 'package.json'), '{"type":"commonjs"}')
  await writeFile(server, FAKE_SERVER)
  await writeFile(migrate, FAKE_MIGRATE)
  return { root: folder, server, migrate, backupTool: migrate, supervisor, migrations, version: '0.0.1' }
}

/** Answers every path with 200 and its environment, and drains when it is asked to end. */
const FAKE_SERVER = `
const server = require('node:http').createServer((request, response) => response.end(JSON.stringify(process.env)))
server.listen(Number(process.env.VETRAI_PORT), process.env.VETRAI_HOST, () =>
  console.log(JSON.stringify({ time: Date.now(), msg: 'listening' })))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

/** Keeps a record of its calls beside itself; fails while a file named "broken" lies there. */
const FAKE_MIGRATE = `
const fs = require('node:fs')
const { join } = require('node:path')
const verb = process.argv[2]
fs.appendFileSync(join(__dirname, 'calls'), verb + '\\n')
if (fs.existsSync(join(__dirname, 'broken'))) {
  console.error('relation "users" is wrong')
  process.exit(1)
}
const answers = {
  bootstrap: {},
  up: { applied: ['20260101-first'], schema_version: '1' },
  status: { migrations: [{ name: '20260101-first', applied_at: null }], schema_version: '1' },
}
console.log(JSON.stringify(answers[verb]))
`
