import type { Api, Page } from '../clients/api.js'
import type { DeadLetter, EnqueuedJob, Job, JobAttempt, JobKind, Queue } from '../clients/resources.js'
import { collectPages, type PageRequest } from './collect-pages.js'

const JOBS = '/workers/v1/jobs'
const QUEUES = '/workers/v1/queues'
const DEAD = '/workers/v1/dead-letters'
const pathOf = (id: string) => `${JOBS}/${encodeURIComponent(id)}`

/** What a new job is to do, and when. */
export interface NewJob {
  kind: string
  payload?: object
  run_at?: string
  delay_s?: number
  priority?: number
  attempts?: number
  unique?: { key: string }
}

/** Which jobs to list. */
export interface JobFilter {
  status?: string
  kind?: string
  queue?: string
}

/** Jobs of the tenant the client acts in, else of the installation; newest first. */
export function listJobs(api: Api, page: PageRequest, filter: JobFilter = {}): Promise<Page<Job>> {
  return collectPages<Job>(api, JOBS, page, { ...filter })
}

export function getJob(api: Api, id: string): Promise<Job> {
  return api.get<Job>(pathOf(id))
}

/** Enqueues a job; once this answers it is committed. */
export function createJob(api: Api, job: NewJob): Promise<EnqueuedJob> {
  return api.post<EnqueuedJob>(JOBS, job)
}

/** Cancels a job with all below it. */
export function cancelJob(api: Api, id: string): Promise<Job> {
  return api.post<Job>(`${pathOf(id)}/cancel`)
}

/** Runs a failed or cancelled job again. */
export function retryJob(api: Api, id: string): Promise<Job> {
  return api.post<Job>(`${pathOf(id)}/retry`)
}

/** The attempts of a job, first to last. */
export function listAttempts(api: Api, id: string): Promise<{ data: JobAttempt[] }> {
  return api.get(`${pathOf(id)}/attempts`)
}

/** One line that a job kept. */
export interface JobLine {
  sequence: number
  at: string
  line: string
}

/** The lines a job kept so far; with `follow` also those to come, until it is settled. */
export async function* readJobLines(api: Api, id: string, follow: boolean): AsyncGenerator<JobLine> {
  if (!follow) {
    const { data } = await api.get<{ data: JobLine[] }>(`${pathOf(id)}/logs`)
    yield* data
    return
  }
  for await (const { event, data } of api.follow(`${pathOf(id)}/events`)) {
    if (event === 'log') yield data as JobLine
  }
}

/** Follows a job until it is settled; tells each change and answers what it is in the end. */
export async function waitForJob(api: Api, id: string, onChange: (job: Job) => void): Promise<Job> {
  for await (const { event, data } of api.follow(`${pathOf(id)}/events`)) {
    if (event === 'job') onChange(data as Job)
  }
  return getJob(api, id)
}

/** Kinds of jobs that may be enqueued. */
export function listJobKinds(api: Api): Promise<{ data: JobKind[] }> {
  return api.get('/workers/v1/job-kinds')
}

/** Jobs that failed for good, newest first. */
export function listDeadLetters(
  api: Api,
  page: PageRequest,
  filter: { kind?: string; queue?: string; open?: string } = {},
): Promise<Page<DeadLetter>> {
  return collectPages<DeadLetter>(api, DEAD, page, { ...filter })
}

/** Runs the job of one dead letter again. */
export async function redriveOne(api: Api, id: string): Promise<{ redriven: number }> {
  await api.post(`${DEAD}/${encodeURIComponent(id)}/redrive`)
  return { redriven: 1 }
}

/** Runs the jobs of many dead letters again, oldest first. */
export function redriveMany(
  api: Api,
  which: { kind?: string; queue?: string; limit?: number },
): Promise<{ redriven: number }> {
  return api.post(`${DEAD}/redrive`, which)
}

/** Every queue with what waits in it. */
export function listQueues(api: Api): Promise<{ data: Queue[] }> {
  return api.get(QUEUES)
}

/** Keeps jobs of a queue from being begun. */
export function pauseQueue(api: Api, name: string, why: { reason?: string }): Promise<Queue> {
  return api.post<Queue>(`${QUEUES}/${encodeURIComponent(name)}/pause`, why)
}

/** Lets jobs of a queue begin again. */
export function resumeQueue(api: Api, name: string): Promise<Queue> {
  return api.post<Queue>(`${QUEUES}/${encodeURIComponent(name)}/resume`)
}
