import type { Api, Page } from '../../clients/api.js'
import { ApiError } from '../../clients/api-error.js'
import { createJob, listJobs } from '../jobs.js'
import { sendMessage } from '../notifications.js'
import { createSchedule } from '../schedules.js'
import { createEndpoint } from '../webhooks.js'
import { createWorkflow, publishWorkflow, startRun } from '../workflows.js'
import type { DemoWork } from './demo-data.js'

/** One thing that goes on in an organisation of the demo; `created` is false when it was there already. */
export interface SeededWork {
  what: 'schedule' | 'workflow' | 'run' | 'job' | 'message' | 'webhook'
  name: string
  created: boolean
}

/** Makes what is missing of the work of an organisation, in which the client acts. It waits for none of it to end. */
export async function seedWork(api: Api, work: DemoWork): Promise<SeededWork[]> {
  return [
    ...(await eachOf(work.schedules, (schedule) => ensureSchedule(api, schedule))),
    ...(await eachOf(work.workflows, (workflow) => ensureWorkflow(api, workflow))),
    ...(await eachOf(work.failing, (job) => ensureJob(api, job))),
    ...(await eachOf(work.messages, (message) => ensureMessage(api, message))),
    ...(await eachOf(work.webhooks, (endpoint) => ensureEndpoint(api, endpoint))),
  ]
}

async function eachOf<T>(
  all: readonly T[],
  ensure: (one: T) => Promise<SeededWork[]>,
): Promise<SeededWork[]> {
  const seeded: SeededWork[] = []
  for (const one of all) seeded.push(...(await ensure(one)))
  return seeded
}

async function first<T>(api: Api, path: string, query: Record<string, string>): Promise<T | undefined> {
  return (await api.get<Page<T>>(path, { ...query, limit: 1 })).data[0]
}

async function ensureSchedule(api: Api, schedule: DemoWork['schedules'][number]): Promise<SeededWork[]> {
  const { name } = schedule
  const known = await first(api, '/workers/v1/schedules', { name })
  if (!known) await createSchedule(api, { ...schedule, paused: true })
  return [{ what: 'schedule', name, created: !known }]
}

/** A workflow that was published is complete: its runs may have been removed since. */
async function ensureWorkflow(
  api: Api,
  { name, from, runs }: DemoWork['workflows'][number],
): Promise<SeededWork[]> {
  const path = '/workers/v1/workflow-templates'
  const known = await first<{ published_version: number | null }>(api, path, { name })
  const { published_version } = known ?? (await createWorkflow(api, { name, from }))
  const isNew = published_version === null
  if (isNew) await publishWorkflow(api, name, {})
  if (isNew) for (const input of runs) await startRun(api, { template: name, input })
  return [
    { what: 'workflow', name, created: !known },
    ...runs.map(() => ({ what: 'run', name, created: isNew }) as const),
  ]
}

async function ensureJob(api: Api, { kind, payload }: DemoWork['failing'][number]): Promise<SeededWork[]> {
  const { data } = await listJobs(api, { limit: 1, all: false }, { kind })
  if (data.length === 0) await createJob(api, { kind, payload, attempts: 1 })
  return [{ what: 'job', name: kind, created: data.length === 0 }]
}

async function ensureMessage(
  api: Api,
  { to, title, body }: DemoWork['messages'][number],
): Promise<SeededWork[]> {
  const id = { transaction_id: `demo: ${title}` }
  const known = await first(api, '/notifications/v1/messages', id)
  const message = { content: { title, body }, category: 'product', channels: ['in_app'] }
  if (!known) await sendMessage(api, { to: [to], ...message, ...id })
  return [{ what: 'message', name: title, created: !known }]
}

/** Where the name of its host cannot be resolved, as on a machine without a network, there is none. */
async function ensureEndpoint(api: Api, endpoint: DemoWork['webhooks'][number]): Promise<SeededWork[]> {
  const { url } = endpoint
  const known = await first(api, '/notifications/v1/webhook-endpoints', { url })
  try {
    if (!known) await createEndpoint(api, { ...endpoint, enabled: false })
  } catch (error) {
    if (error instanceof ApiError && error.code === 'notifications.webhook_url_refused') return []
    throw error
  }
  return [{ what: 'webhook', name: url, created: !known }]
}
