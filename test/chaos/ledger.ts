import type { Database } from '../../server/storage/database.js'
import { EFFECTIVE } from './kinds.js'

/** What is left of jobs when all is over; each list names jobs that are not as they must be. */
export interface Ledger {
  counts: Record<string, number>
  /** Dead letters, as kind, reason and number of attempts. */
  letters: string[]
  open: string[]
  lost: string[]
  takenBackButThere: string[]
  notSucceeded: string[]
  effectsMissing: string[]
  effectsTwice: string[]
  effectsOfNothing: string[]
  beyondTheirAttempts: string[]
  attemptsUntold: string[]
  deadWithoutLetter: string[]
  parentsMiscounted: string[]
}

const OPEN = "('scheduled', 'queued', 'running', 'waiting')"

/** How many jobs have ended. */
export async function countSettled(db: Database): Promise<number> {
  const [row] = await db.readSystem<{ n: number }>({
    text: `select count(*) as n from worker_jobs where status not in ${OPEN}`,
  })
  return row?.n ?? 0
}

/** How many jobs have not. */
export async function countOpen(db: Database): Promise<number> {
  const [row] = await db.readSystem<{ n: number }>({
    text: `select count(*) as n from worker_jobs where status in ${OPEN}`,
  })
  return row?.n ?? 0
}

/** Checks the tables of jobs against what was acknowledged and against the effects they left. */
export async function readLedger(
  db: Database,
  { acknowledged, takenBack }: { acknowledged: readonly string[]; takenBack: readonly number[] },
): Promise<Ledger> {
  const names = async (text: string, ...values: unknown[]) =>
    (await db.readSystem<{ name: string }>({ text, values })).map(({ name }) => name)
  const name = "j.kind || ' ' || j.id || ' ' || j.status as name"
  const counts = await db.readSystem<{ kind: string; status: string; n: number }>({
    text: 'select kind, status, count(*) as n from worker_jobs group by 1, 2 order by 1, 2',
  })
  const effective = EFFECTIVE.map((kind) => kind.name)
  return {
    counts: Object.fromEntries(counts.map(({ kind, status, n }) => [`${kind} ${status}`, n])),
    letters: await names("select kind || ' ' || reason || ' ' || attempts as name from dead_letters"),
    open: await names(`select ${name} from worker_jobs j where status in ${OPEN}`),
    lost: await names(
      `select a.id::text as name from unnest($1::uuid[]) a (id)
        where not exists (select 1 from worker_jobs j where j.id = a.id)`,
      acknowledged,
    ),
    takenBackButThere: await names(
      `select ${name} from worker_jobs j where (payload ->> 'order')::integer = any ($1::integer[])`,
      takenBack,
    ),
    notSucceeded: await names(
      `select ${name} from worker_jobs j where status <> case kind when 'chaos.poison' then 'failed' else 'succeeded' end`,
    ),
    effectsMissing: await names(
      `select ${name} from worker_jobs j where status = 'succeeded' and kind = any ($1)
        and not exists (select 1 from effects e where e.job_id = j.id)`,
      effective,
    ),
    effectsTwice: await names('select job_id::text as name from effects group by job_id having count(*) > 1'),
    effectsOfNothing: await names(
      `select e.job_id::text as name from effects e where not exists (select 1 from worker_jobs j
        where j.id = e.job_id and j.status = 'succeeded' and j.kind = any ($1))`,
      effective,
    ),
    beyondTheirAttempts: await names(`select ${name} from worker_jobs j where attempt > max_attempts`),
    attemptsUntold: await names(
      `select ${name} from worker_jobs j
        where attempt - case status when 'succeeded' then 1 else 0 end
          <> (select count(*) from job_attempts a where a.tenant_id = j.tenant_id and a.job_id = j.id)`,
    ),
    deadWithoutLetter: await names(
      `select ${name} from worker_jobs j where (status = 'failed')::integer
        <> (select count(*) from dead_letters d where d.tenant_id = j.tenant_id and d.job_id = j.id)`,
    ),
    parentsMiscounted: await names(`select ${name} from worker_jobs j where pending_children <> 0`),
  }
}
