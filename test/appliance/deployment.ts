import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { findFreePort } from '../../cli/deployment/free-port.js'
import { runVetrai, type VetraiRun } from '../../cli/testing/run-vetrai.js'
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

/** Makes a deployment of containers on free ports, from images that need no registry; nothing is started. */
export async function initAppliance(vetrai: Vetrai, name: string, flags: string[] = []): Promise<void> {
  const port = String(await findFreePort())
  await ok(
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
    ),
  )
  for (const [image, reference] of Object.entries(imageOverrides())) {
    await ok(vetrai('config', 'set', `images.${image}`, reference))
  }
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
