import { defineEvents } from '../../kernel/events.js'

/** What the workers service tells others; the engine stores these with what they tell of. */
declare module '../../kernel/events.js' {
  interface Events {
    'workers.job.failed': { jobId: string; kind: string; reason: string }
    /** That a schedule fired is told by its job. */
    'workers.schedule.created': { scheduleId: string; name: string }
    'workers.schedule.updated': { scheduleId: string; fields: string[] }
    'workers.schedule.paused': { scheduleId: string }
    'workers.schedule.resumed': { scheduleId: string }
    'workers.schedule.deleted': { scheduleId: string; name: string }
    'workers.workflow.published': { templateId: string; name: string; version: number }
    'workers.workflow_run.asked': { runId: string; template: string; waitId: string; step: string }
    'workers.workflow_run.finished': {
      runId: string
      templateId: string
      template: string
      version: number
      status: 'succeeded' | 'failed' | 'cancelled'
      code: string | null
    }
  }
}

const runId = '01990f6e-5f0e-7000-8000-000000000003'
const templateId = '01990f6e-5f0e-7000-8000-000000000004'
const scheduleId = '01990f6e-5f0e-7000-8000-000000000002'

export const workerEvents = defineEvents('workers', {
  'workers.job.failed': {
    about: 'A job failed for good and is among the dead letters.',
    example: {
      jobId: '01990f6e-5f0e-7000-8000-000000000001',
      kind: 'workers.http-request',
      reason: 'attempts',
    },
  },
  'workers.schedule.created': { about: 'A schedule was made.', example: { scheduleId, name: 'nightly' } },
  'workers.schedule.updated': {
    about: 'Fields of a schedule were changed.',
    example: { scheduleId, fields: ['cron'] },
  },
  'workers.schedule.paused': { about: 'A schedule was paused.', example: { scheduleId } },
  'workers.schedule.resumed': { about: 'A paused schedule was resumed.', example: { scheduleId } },
  'workers.schedule.deleted': { about: 'A schedule was deleted.', example: { scheduleId, name: 'nightly' } },
  'workers.workflow.published': {
    about: 'A version of a workflow was published.',
    example: { templateId, name: 'support-triage', version: 2 },
  },
  'workers.workflow_run.asked': {
    about: 'A workflow run waits for the answer of a person.',
    example: {
      runId,
      template: 'support-triage',
      waitId: '01990f6e-5f0e-7000-8000-000000000005',
      step: 'ask_person',
    },
  },
  'workers.workflow_run.finished': {
    about: 'A workflow run is over: it succeeded, failed or was cancelled.',
    example: {
      ...{ runId, templateId, template: 'support-triage', version: 2, status: 'failed', code: 'http_status' },
    },
  },
})
