import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engine.js'

const TIMEOUT_MS = 30_000

/** A commit after every other, so that recovery can tell that it has passed any time before. */
const MARK = "select pg_logical_emit_message(true, 'vetrai', 'flush')"

/**
 * Has a running database archive everything up to now. False where it does not run, or its archive does not take it within
 * half a minute.
 */
export async function flushWal(engine: Engine): Promise<boolean> {
  const runs = (await engine.containers()).some(
    ({ service, state }) => service === 'postgres' && state === 'running',
  )
  if (!runs || (await ask(engine, MARK)) === undefined) return false
  const segment = await ask(engine, 'select pg_walfile_name(pg_switch_wal())')
  if (segment === undefined) return false
  const isArchived = `select last_archived_wal >= '${segment}' from pg_stat_archiver`
  for (const deadline = Date.now() + TIMEOUT_MS; Date.now() < deadline; await sleep(500)) {
    if ((await ask(engine, isArchived)) === 't') return true
  }
  return false
}

/** One value from the database, asked as its superuser; undefined where it does not answer. */
export async function ask(engine: Engine, sql: string): Promise<string | undefined> {
  const psql = ['psql', '--no-psqlrc', '-U', 'postgres', '-d', 'postgres', '-XqAt', '-v', 'ON_ERROR_STOP=1']
  const { code, stdout } = await engine.compose(['exec', '-T', 'postgres', ...psql], {
    input: sql,
    check: false,
  })
  return code === 0 ? stdout.trim() : undefined
}
