import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { findFreePort } from '../../cli/deployment/free-port.js'
import type { DeploymentLock } from '../../cli/deployment/lock-file.js'
import { runVetrai, type VetraiRun } from '../../cli/testing/run-vetrai.js'
import { temporaryFolder } from '../../cli/testing/temporary-folder.js'
import { journaledSteps, ok } from './deployment.js'
import { ProgramVersions } from './program-versions.js'
import { Writer } from './writer.js'

/** How the upgrades of these tests are made. */
export const UPGRADE_FLAGS = ['--skip-backup', '--watch', '1', '--ready-within', '30']

/** The migration that the version made by `makeLeap` brings, and that 0.1.0 cannot follow. */
export const LEAP = '20270101000000-kernel-add-plans'

/** A deployment without containers, brought up by a program of its own folder (0.1.0) and written to all the while. */
export interface EmbeddedUpgrade {
  dir(): string
  /** Folder of the program that it was brought up by. */
  old(): string
  writer(): Writer
  versions(): ProgramVersions
  /** Version 0.3.0, whose migration runs further SQL where that is given. */
  makeLeap(tag: string, more?: string): Promise<string>
  /** Runs the command line of a program. */
  by(program: string, ...argv: string[]): Promise<VetraiRun>
  /** Runs `upgrade run`, or another of its commands, and kills it as a step begins. */
  killedAt(step: string, program: string, command?: string[]): Promise<void>
  /** A version serves from a folder as that folder's program would have it, and nothing that was acknowledged is missing. */
  serves(version: string, program: string): Promise<void>
}

/** Makes such a deployment for the tests of a suite; all is gone after the last one. */
export function useEmbeddedUpgrade(): EmbeddedUpgrade {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let versions: ProgramVersions
  let old: string
  let writer: Writer
  const dir = () => join(folder.path, 'home')
  const by = (program: string, ...argv: string[]) => runVetrai([...argv, '--dir', dir()], { program })

  before(async () => {
    folder = await temporaryFolder()
    versions = new ProgramVersions(folder.path)
    old = await versions.make('old', { version: '0.1.0' })
    await ok(by(old, 'init', '--yes', '--name', 'home', '--port', String(await findFreePort())))
    const up = await ok(by(old, 'up', '--json'))
    await ok(by(old, 'tenants', 'create', 'acme'))
    const scopes = ['--name', 'writer', '--scopes', 'notifications:write']
    const key = await ok(by(old, 'keys', 'create', '--tenant', 'acme', ...scopes, '--json'))
    writer = new Writer(up.json<{ url: string }>().url, key.json<{ key: string }>().key)
  })
  after(async () => {
    await writer?.stop()
    await by(old, 'down', '--quiet')
    await folder.remove()
  })

  return {
    ...{ dir, by },
    old: () => old,
    writer: () => writer,
    versions: () => versions,
    makeLeap: (tag, more = '') =>
      versions.make(tag, {
        version: '0.3.0',
        migration: {
          name: LEAP,
          body: `await query('create table plans (id int)'); ${more}`,
          compatible: false,
        },
      }),
    killedAt: async (step, program, command = ['upgrade', 'run', ...UPGRADE_FLAGS]) => {
      const since = journaledSteps(dir()).length
      const run = await runVetrai([...command, '--dir', dir()], {
        program,
        killedWhen: () => journaledSteps(dir()).slice(since).includes(step),
      })
      expect(run.code, `${step}: ${run.stdout}${run.stderr}`).to.equal(null)
    },
    serves: async (version, program) => {
      const acknowledged = await whatIsAcknowledged(writer)
      const status = (await ok(by(program, 'status', '--json'))).json<{ url: string }>()
      expect(status).to.deep.include({ version, ready: true, drift: [] })
      const told = (await (await fetch(`${status.url}/readyz`)).json()) as { version: string }
      expect(told.version, 'what serves').to.equal(version)
      const lock = JSON.parse(await readFile(join(dir(), 'lock.json'), 'utf8')) as DeploymentLock
      expect(lock.release).to.include({ version, program })
      const list = await ok(by(program, 'subscribers', 'list', '--tenant', 'acme', '--all', '--json'))
      const rows = list.json<{ data: { external_id: string }[] }>().data
      const there = new Set(rows.map(({ external_id: id }) => id))
      expect(acknowledged.filter((id) => !there.has(id))).to.deep.equal([])
    },
  }
}

/** All that was acknowledged until now, once something is again. */
async function whatIsAcknowledged(writer: Writer): Promise<string[]> {
  if (!writer.isRunning) return [...writer.acknowledged]
  const before = writer.acknowledged.length
  while (writer.acknowledged.length === before) await new Promise((next) => setTimeout(next, 50))
  process.stderr.write(`      ${writer.takeGap().toFixed(1)} s without an acknowledged write\n`)
  return [...writer.acknowledged]
}
