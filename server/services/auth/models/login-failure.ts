import type { Database } from '../../../storage/database.js'
import type { BackoffPolicy, FailureRecord } from '../lockout/backoff.js'

interface FailureRow extends Record<string, unknown> {
  subject: string
  failures: number
  lastFailureAt: Date
}

/** The failures of each subject (keyed hashes), outside any transaction; subjects without any are left out. */
export async function readFailures(
  db: Database,
  subjects: readonly string[],
): Promise<Map<string, FailureRecord>> {
  const rows = await db.readGlobal<FailureRow>({
    name: 'auth-failures',
    text: `select subject, failures, last_failure_at as "lastFailureAt" from login_failures where subject = any($1)`,
    values: [subjects],
  })
  return new Map(rows.map((row) => [row.subject, row]))
}

/**
 * Counts one more failure of a subject at once and durably, starting over when the last one is long past; answers
 * how many there are now.
 */
export async function recordFailure(
  db: Database,
  subject: string,
  policy: BackoffPolicy,
  now: Date,
): Promise<number> {
  // Its own statement, outside any transaction: a failed attempt counts also where the request is rolled back.
  const [row] = await db.readGlobal<{ failures: number }>({
    name: 'auth-failure-record',
    text: `insert into login_failures as f (subject, failures, last_failure_at) values ($1, 1, $2)
           on conflict (subject) do update set last_failure_at = $2, failures = 1 +
             case when f.last_failure_at <= $2::timestamptz - make_interval(secs => $3) then 0 else f.failures end
           returning failures`,
    values: [subject, now, policy.forgetSeconds],
  })
  return row?.failures ?? 0
}

/** Takes one failure of a subject back: what was counted before it was known turned out to be none. */
export async function takeBackFailure(db: Database, subject: string): Promise<void> {
  await db.readGlobal({
    name: 'auth-failure-take-back',
    text: 'update login_failures set failures = failures - 1 where subject = $1 and failures > 0',
    values: [subject],
  })
}

/** Forgets the failures of a subject. */
export async function clearFailures(db: Database, subject: string): Promise<void> {
  await db.readGlobal({
    name: 'auth-failure-clear',
    text: 'delete from login_failures where subject = $1',
    values: [subject],
  })
}
