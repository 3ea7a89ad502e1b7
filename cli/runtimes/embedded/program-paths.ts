import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The programs the embedded runtime starts. Tests put others in their place. */
export interface ProgramPaths {
  /** Folder that they are in, with `bin/vetrai` and package.json. */
  root: string
  server: string
  migrate: string
  backupTool: string
  supervisor: string
  /** Folder of compiled migrations; its listing tells whether any could be pending. */
  migrations: string
  /** Version of VetrAI. */
  version: string
}

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..')

/** The programs of this very installation. */
export async function installedPrograms(): Promise<ProgramPaths> {
  return programsIn(ROOT)
}

/** The programs of any installation, by its folder. */
export async function programsIn(root: string): Promise<ProgramPaths> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const dist = join(root, 'dist')
  const packed = join(dist, 'packed')
  return {
    root,
    server: join(packed, 'server', 'main.js'),
    migrate: join(packed, 'server', 'migrate.js'),
    backupTool: join(packed, 'server', 'backup-tool.js'),
    supervisor: join(packed, 'cli', 'runtimes', 'embedded', 'supervisor-main.js'),
    migrations: join(dist, 'migrations'),
    version: manifest.version,
  }
}

/**
 * What Node runs the server with. Its default lets short-lived objects take up 48 MB before it clears them away, which
 * an idle process never gives back. A worker keeps to less than a server, whose requests make more of them.
 */
export function nodeArgs(role: 'server' | 'worker'): string[] {
  return [`--max-semi-space-size=${role === 'server' ? 4 : 2}`]
}
