import type { Deployment } from '../../../deployment/deployment.js'
import type { ArchivingState } from '../../runtime.js'
import { Engine } from '../engine.js'
import { ask } from './flush-wal.js'

/** A minute without work archives nothing; so much later something is wrong, as the server itself writes every few seconds. */
const LATE_S = 900

const STATE = `select coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false), last_failed_wal,
  to_char(last_archived_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
  extract(epoch from now() - coalesce(last_archived_time, pg_postmaster_start_time()))::int
  from pg_stat_archiver`

/** Asks the running database how its archive takes what it gives, then what makes base backups. */
export async function archivingState(deployment: Deployment): Promise<ArchivingState | undefined> {
  const engine = await Engine.open(deployment)
  const answer = await ask(engine, STATE)
  if (answer === undefined) return undefined
  const [fails, segment, archivedAt, age] = answer.split('|')
  const since = archivedAt ? `since ${archivedAt}` : 'at all'
  if (fails === 't')
    return { isWell: false, detail: `${segment} is not taken; nothing was archived ${since}` }
  if (Number(age) > LATE_S) return { isWell: false, detail: `nothing was archived ${since}` }
  const args = ['exec', '-T', 'wal', '/usr/local/lib/vetrai/wal.sh', 'health']
  const { code, stdout, stderr } = await engine.compose(args, { check: false })
  if (code === 0) return { isWell: true, detail: `last archived at ${archivedAt}` }
  const lines = `${stdout}\n${stderr}`.trim().split('\n')
  return {
    isWell: false,
    detail: `base backups: ${lines.find((line) => line.includes('ERROR')) ?? lines.at(-1)}`,
  }
}
