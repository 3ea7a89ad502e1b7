import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { findFreePort } from '../../cli/deployment/free-port.js'
import { runVetrai, type VetraiRun } from '../../cli/testing/run-vetrai.js'
import { temporaryFolder } from '../../cli/testing/temporary-folder.js'
import { engineEnv, imageOverrides } from './engine.js'

/** A name that no other run on the same engine has. */
export function uniqueName(what: string): string {
  return `${what}-${randomBytes(3).toString('hex')}`
}

export type Vetrai = (...argv: string[]) => Promise<VetraiRun>

/** The command line as a real process, on one deployment directory and the tests' engine. */
export function vetraiIn(dir: string): Vetrai {
  return (...argv) => runVetrai([...argv, '--dir', dir], { env: engineEnv() })
}

/** Runs a command that must succeed. */
export async function ok(run: Promise<VetraiRun>): Promise<VetraiRun> {
  const done = await run
  expect(done.code, done.stdout + done.stderr).to.equal(0)
  return done
}

/**
 * Makes a deployment of containers on free ports, from images that need no registry; nothing is started. Answers its recovery
 * key.
 */
export async function initAppliance(vetrai: Vetrai, name: string, flags: string[] = []): Promise<string> {
  const port = String(await findFreePort())
  const made = await ok(
    vetrai(
      'init',
      '--runtime',
      'compose',
      '--yes',
      '--name',
      name,
      '--port',
      port,
      '--memory-mb',
      '2048',
      ...flags,
      '--json',
    ),
  )
  for (const [image, reference] of Object.entries(imageOverrides())) {
    await ok(vetrai('config', 'set', `images.${image}`, reference))
  }
  return made.json<{ recovery_key: string }>().recovery_key
}

/** The folder, directory and command line of one test suite's deployment; all is gone after its last test. */
export interface TestAppliance {
  readonly name: string
  /** `vetrai-NAME`: its Compose project. */
  readonly project: string
  /** A folder for whatever else the suite writes. */
  folder(): string
  dir(): string
  vetrai: Vetrai
}

/** A deployment for the tests of this suite, which `init` it themselves where they want more than a name. */
export function useAppliance(what: string): TestAppliance {
  const name = uniqueName(what)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  const dir = () => join(folder.path, name)
  const vetrai: Vetrai = (...argv) => vetraiIn(dir())(...argv)

  before(async () => {
    folder = await temporaryFolder()
  })
  after(async () => {
    await vetrai('uninstall', '--confirm', name, '--quiet')
    await folder.remove()
  })
  return { name, project: `vetrai-${name}`, folder: () => folder.path, dir, vetrai }
}

/** Steps of `up` that the journal of a deployment names, oldest first. */
export function journaledSteps(dir: string): string[] {
  const folder = join(dir, 'journal')
  const text = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('')
  return [...text.matchAll(/"step":"([\w-]+)"/g)].map(([, step]) => step ?? '')
}

/** Every secret of a deployment by name. */
export async function secretsOf(dir: string): Promise<Record<string, string>> {
  const folder = join(dir, 'secrets')
  const names = await readdir(folder, { withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map(({ name }) => name)
  return Object.fromEntries(
    await Promise.all(files.map(async (name) => [name, (await readFile(join(folder, name), 'utf8')).trim()])),
  )
}
