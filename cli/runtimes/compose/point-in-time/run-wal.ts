import type { Deployment } from '../../../deployment/deployment.js'
import { CliError } from '../../../deployment/errors.js'
import type { Engine } from '../engine.js'
import { stanzaOf } from './repository.js'
import { readArchive, type WalArchive } from './wal-archive.js'

/** Runs a verb of compose/postgres/wal.sh: in the container that is there for it, else in one of its own. */
export async function runWal(
  engine: Engine,
  verb: [string, ...string[]],
  { onLine, stanza }: { onLine?: (line: string) => void; stanza?: string | undefined } = {},
): Promise<string> {
  const runs = (await engine.containers()).some(
    ({ service, state }) => service === 'wal' && state === 'running',
  )
  const of = stanza === undefined ? [] : ['-e', `PGBACKREST_STANZA=${stanza}`]
  const args = runs
    ? ['exec', '-T', ...of, 'wal', '/usr/local/lib/vetrai/wal.sh', ...verb]
    : ['run', '--rm', '--no-deps', '-T', ...of, 'wal', ...verb]
  const { code, stdout, stderr } = await engine.compose(args, { check: false, ...(onLine && { onLine }) })
  if (code === 0) return stdout
  const lines = `${stderr}\n${stdout}`.trim().split('\n').slice(-6)
  throw new CliError({
    code: 'archive_unreadable',
    message: `The archive of the database cannot be used:\n${lines.join('\n')}`,
    next: 'Is its target there, and may it be read and written? See: vetrai doctor',
  })
}

/** What the repository holds, of another deployment where one is named. CliError `archive_unreadable` where it cannot be asked. */
export async function listArchive(engine: Engine, of?: string): Promise<WalArchive> {
  return readArchive(await runWal(engine, ['list'], { stanza: of && stanzaOf({ id: of }) }))
}

/** CliError `wal_off` (exit 4) for a deployment that archives nothing. */
export function requireArchiving({ config }: Deployment): void {
  if (config.backup.wal) return
  throw new CliError({
    code: 'wal_off',
    message: 'This deployment archives no changes of its database, so no point in time can be restored.',
    next: 'From now on they are archived after: vetrai config set backup.wal true && vetrai up',
    exitCode: 4,
  })
}
