import { SETTLED } from '../../../jobs/job-row.js'
import { CHANGED_TOPIC } from '../../../jobs/jobs.js'
import type { Ctx } from '../../../kernel/context.js'
import type { StreamHandle } from '../../../kernel/define-stream.js'
import { follow } from '../../../storage/follow.js'
import { workerErrors } from '../errors.js'
import { type LogLine, listLogLines, readJob, type StoredJob } from '../models/job.js'
import { presentJob, presentLine } from '../present.js'
import { reachableTenant } from '../reach.js'

/** Where who follows a job stands: the last line, and what the job looked like. */
interface Place {
  sequence: number
  looks: string
}

type News = ({ line: LogLine } | { job: StoredJob }) & { place: Place }

/**
 * A job as it goes on: itself at once and after each change, and its log lines, each once. Ends when the job is
 * settled. Who comes back with the id of its last event gets the lines after it and the job as it is by then.
 */
export async function followJob(ctx: Ctx, jobId: string, { lastEventId, signal }: StreamHandle<string>) {
  const tenantId = reachableTenant(ctx, 'workers.jobs.read')
  if (!(await readJob(ctx.db, tenantId, jobId))) throw new workerErrors.NotFound()
  const read = async ({ sequence, looks }: Place, limit: number): Promise<News[]> => {
    // The job first: lines of a settled job are all there when it is seen as such.
    const job = await readJob(ctx.db, tenantId, jobId)
    const lines = await listLogLines(ctx.db, tenantId, jobId, { after: sequence, limit })
    const news: News[] = lines.map((line) => ({ line, place: { sequence: line.sequence, looks } }))
    const last = lines.at(-1)?.sequence ?? sequence
    if (job && looksOf(job) !== looks && lines.length < limit) {
      news.push({ job, place: { sequence: last, looks: looksOf(job) } })
    }
    return news
  }
  const rows = follow<News, Place>({
    bus: ctx.bus,
    topic: CHANGED_TOPIC,
    means: (message) => message.includes(jobId),
    after: { sequence: Number(lastEventId ?? 0), looks: '' },
    read,
    cursorOf: ({ place }) => place,
    isLast: (news) => 'job' in news && (SETTLED as readonly string[]).includes(news.job.status),
    signal,
  })
  return eventsOf(rows)
}

async function* eventsOf(rows: AsyncIterable<News>) {
  for await (const news of rows) {
    const id = String(news.place.sequence)
    if ('line' in news) yield { id, event: 'log' as const, data: presentLine(news.line) }
    else yield { id, event: 'job' as const, data: presentJob(news.job) }
  }
}

/** What of a job is news when it is another; its lease is none. */
function looksOf({ status, attempt, progress, cancelRequestedAt, pendingChildren }: StoredJob): string {
  return JSON.stringify([status, attempt, progress, cancelRequestedAt, pendingChildren])
}
