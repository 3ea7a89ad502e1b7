import { defineEvents } from '../../kernel/events.js'

/** What the workers service tells others; the engine stores these with what they tell of. */
declare module '../../kernel/events.js' {
  interface Events {
    'workers.job.failed': { jobId: string; kind: string; reason: string }
  }
}

export const workerEvents = defineEvents('workers', {
  'workers.job.failed': {
    about: 'A job failed for good and is among the dead letters.',
    example: {
      jobId: '01990f6e-5f0e-7000-8000-000000000001',
      kind: 'workers.http-request',
      reason: 'attempts',
    },
  },
})
