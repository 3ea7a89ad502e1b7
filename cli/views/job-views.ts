import type { DeadLetter, EnqueuedJob, Job, JobAttempt, JobKind, Queue } from '../clients/resources.js'
import type { JobLine } from '../operations/jobs.js'
import { doneView } from './done-view.js'
import { fields } from './fields.js'
import { count, duration, time } from './format.js'
import { pageView } from './page-view.js'
import type { Paint } from './paint.js'
import { table } from './table.js'
import type { View } from './view.js'

/** Jobs as a table. */
export const jobsView = pageView<Job>(
  [
    { heading: 'CREATED', cell: ({ created_at }) => time(created_at) },
    { heading: 'KIND', cell: ({ kind }) => kind },
    { heading: 'STATUS', cell: ({ status }) => status },
    { heading: 'ATTEMPT', cell: ({ attempt, attempts }) => `${attempt}/${attempts}` },
    { heading: 'RUN AT', cell: ({ run_at }) => time(run_at) },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'There are no such jobs.',
)

/** One job. */
export const jobView: View<Job> = (job, paint) =>
  fields(
    [
      ['kind', paint.bold(job.kind)],
      ['id', job.id],
      ['queue', job.queue],
      ['status', statusText(job.status, paint)],
      ['progress', job.progress ? progressText(job.progress) : null],
      ['attempt', `${job.attempt} of ${job.attempts}`],
      ['run at', time(job.run_at)],
      ['started', job.started_at ? time(job.started_at) : null],
      ['finished', job.finished_at ? time(job.finished_at) : null],
      ['error', job.error],
      ['result', job.result === null || job.result === undefined ? null : JSON.stringify(job.result)],
      ['created', time(job.created_at)],
    ],
    paint,
  )

/** A job that was enqueued, or found by its unique key. */
export const enqueuedView: View<EnqueuedJob> = doneView(
  ({ id, kind, status, is_new }) =>
    `${is_new ? 'Enqueued' : 'There is one already'}: ${kind} ${id} (${status})`,
)

/** Attempts of a job as a table. */
export const attemptsView: View<{ data: JobAttempt[] }> = ({ data }, paint) =>
  data.length === 0
    ? paint.dim('It has not begun yet.')
    : table(
        data,
        [
          { heading: 'ATTEMPT', cell: ({ attempt }) => String(attempt), align: 'right' },
          { heading: 'OUTCOME', cell: ({ outcome }) => outcome },
          { heading: 'STARTED', cell: ({ started_at }) => time(started_at) },
          { heading: 'NEXT RUN', cell: ({ next_run_at }) => time(next_run_at) },
          { heading: 'ERROR', cell: ({ error }) => error ?? '–' },
        ],
        paint,
      )

/** One line that a job kept. */
export function jobLine({ at, line }: JobLine, paint: Paint): string {
  return `${paint.dim(at.slice(11, 23))}  ${line}`
}

/** How far a job is, in a few words. */
export function jobProgress({ status, progress, attempt }: Job): string {
  return progress && status === 'running' ? progressText(progress) : `${status}, attempt ${attempt}`
}

/** Dead letters as a table. */
export const deadLettersView = pageView<DeadLetter>(
  [
    { heading: 'FAILED', cell: ({ created_at }) => time(created_at) },
    { heading: 'KIND', cell: ({ kind }) => kind },
    { heading: 'REASON', cell: ({ reason }) => reason },
    { heading: 'ERROR', cell: ({ error }) => (error ?? '–').slice(0, 60) },
    { heading: 'REDRIVEN', cell: ({ redriven_at }) => time(redriven_at) },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'No job failed for good.',
)

export const redrivenView: View<{ redriven: number }> = doneView(
  ({ redriven }) => `${count(redriven, 'job')} will run again.`,
)

/** Kinds of jobs as a table. */
export const jobKindsView: View<{ data: JobKind[] }> = ({ data }, paint) =>
  table(
    data,
    [
      { heading: 'KIND', cell: ({ kind }) => kind },
      { heading: 'QUEUE', cell: ({ queue }) => queue },
      { heading: 'ATTEMPTS', cell: ({ attempts }) => String(attempts), align: 'right' },
      { heading: 'TIMEOUT', cell: ({ timeout_s }) => duration(timeout_s), align: 'right' },
      { heading: 'WHAT IT DOES', cell: ({ summary }) => summary },
    ],
    paint,
  )

/** Queues as a table. */
export const queuesView: View<{ data: Queue[] }> = ({ data }, paint) =>
  table(
    data,
    [
      { heading: 'QUEUE', cell: ({ name }) => name },
      { heading: 'STATE', cell: ({ paused }) => (paused ? paint.yellow('paused') : 'running') },
      { heading: 'QUEUED', cell: ({ counts }) => String(counts.queued), align: 'right' },
      { heading: 'RUNNING', cell: ({ counts }) => String(counts.running), align: 'right' },
      { heading: 'SCHEDULED', cell: ({ counts }) => String(counts.scheduled), align: 'right' },
      { heading: 'WAITING', cell: ({ counts }) => String(counts.waiting), align: 'right' },
      { heading: 'OLDEST', cell: ({ oldest_waiting_s }) => duration(oldest_waiting_s), align: 'right' },
    ],
    paint,
  )

/** A queue that was paused or resumed. */
export const queueView: View<Queue> = doneView(({ name, paused, counts }) =>
  paused
    ? `The queue ${name} is paused; ${count(counts.queued, 'job')} wait in it.`
    : `The queue ${name} runs; ${count(counts.queued, 'job')} waited in it.`,
)

function statusText(status: string, paint: Paint): string {
  if (status === 'succeeded') return paint.green(status)
  return status === 'failed' ? paint.red(status) : status
}

function progressText({ share, words }: { share: number; words?: string }): string {
  return [`${Math.round(share * 100)} %`, words].filter(Boolean).join(' ')
}
