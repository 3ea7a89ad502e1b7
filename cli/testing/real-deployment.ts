import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { silentProgress } from '../base/progress.js'
import { createDeployment } from '../deployment/create-deployment.js'
import type { Deployment } from '../deployment/deployment.js'
import { findFreePort } from '../deployment/free-port.js'
import { embeddedRuntime } from '../runtimes/embedded/embedded-runtime.js'
import { installedPrograms } from '../runtimes/embedded/program-paths.js'
import type { Runtime } from '../runtimes/runtime.js'

/** A deployment that runs for real: PostgreSQL, Redis and this version's own server. */
export interface RealDeployment {
  deployment: Deployment
  runtime: Runtime
  /** The program of its server. */
  server: string
  /** From now on the server starts only where this expression over `process.env` and `read(path)` holds. */
  startOnlyIf(expression: string): Promise<void>
  remove(): Promise<void>
}

/** Makes one and brings it up. Limits and hashing costs are those of tests. */
export async function realDeployment(): Promise<RealDeployment> {
  const folder = await mkdtemp(join(tmpdir(), 'vetrai-real-'))
  const dir = join(folder, 'home')
  const deployment = await createDeployment(dir, {
    config: {
      name: 'real',
      port: await findFreePort(),
      trust_proxy: ['127.0.0.1'],
      settings: { RATE_LIMIT_FACTOR: 1000, AUTH_BCRYPT_COST: 4 },
    },
  })
  const installed = await installedPrograms()
  const server = join(folder, 'server', 'main.js')
  await mkdir(join(folder, 'server'))
  await writeFile(join(folder, 'server', 'package.json'), '{"type":"module"}')
  const startOnlyIf = (expression: string) => writeFile(server, guarded(installed.server, expression))
  await startOnlyIf('true')
  const runtime = embeddedRuntime(async () => ({ ...installed, server }))
  await runtime.up(deployment, silentProgress)
  return {
    deployment,
    runtime,
    server,
    startOnlyIf,
    remove: async () => {
      await runtime.down(deployment, silentProgress)
      await runtime.uninstall(deployment, silentProgress)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function guarded(program: string, expression: string): string {
  return `import { readFileSync } from 'node:fs'
const read = (path) => readFileSync(path, 'utf8').trim()
if (!(${expression})) {
  console.error('this server does not start')
  process.exit(3)
}
await import(${JSON.stringify(pathToFileURL(program).href)})
`
}
