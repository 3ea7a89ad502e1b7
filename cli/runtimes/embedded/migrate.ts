import { spawn } from 'node:child_process'
import type { Deployment } from '../../deployment/deployment.js'
import type { StoreAddresses } from '../../deployment/server-env.js'
import type { MigrateOutput, Migrator } from '../migrate-database.js'
import { folderStamp } from './code-stamp.js'
import { plainEnv } from './host-env.js'
import type { ProgramPaths } from './program-paths.js'

/** Runs the migrate program of this installation on this host, against the private database or the operator's own. */
export async function embeddedMigrator(
  deployment: Deployment,
  programs: ProgramPaths,
  addresses: StoreAddresses,
): Promise<Migrator> {
  return {
    code: await folderStamp(programs.migrations),
    // The port of the built-in one may change; its cluster stays.
    place: addresses.databaseUrl === undefined ? (deployment.config.database.url ?? 'built-in') : 'built-in',
    run: async (verb) => runMigrateProgram(deployment, programs, addresses, [verb]),
  }
}

/** Runs the migrate program with any of its verbs. */
export async function runMigrateProgram(
  deployment: Deployment,
  programs: ProgramPaths,
  addresses: StoreAddresses,
  args: string[],
): Promise<MigrateOutput> {
  return runNode([programs.migrate, ...args], {
    PATH: plainEnv().PATH,
    TZ: 'UTC',
    ...(await deployment.migrateEnv(addresses)),
  })
}

async function runNode(args: string[], env: NodeJS.ProcessEnv): Promise<MigrateOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}
