import { defineErrors } from '../../kernel/define-errors.js'

export const workerErrors = defineErrors('workers', {
  notFound: {
    status: 404,
    message: 'There is no such job here.',
    next: 'GET /workers/v1/jobs lists the jobs you may see; settled ones are kept for a limited time.',
  },
  unknownKind: {
    status: 422,
    message: (d: { kind: string }) => `Jobs of the kind "${d.kind}" cannot be enqueued by REST.`,
    next: 'GET /workers/v1/job-kinds lists the kinds that can, with the schema of their payload.',
  },
  notSettled: {
    status: 409,
    message: (d: { status: string }) => `This job is ${d.status}; only failed and cancelled jobs run again.`,
    next: 'Wait until it is settled, or cancel it first.',
  },
  settled: {
    status: 409,
    message: (d: { status: string }) => `This job is ${d.status} already.`,
    next: 'Enqueue a new job, or run this one again with POST /workers/v1/jobs/{id}/retry.',
  },
  deadLetterNotFound: {
    status: 404,
    message: 'There is no such dead letter here.',
    next: 'GET /workers/v1/dead-letters lists them.',
  },
  queueNotFound: {
    status: 404,
    message: 'There is no such queue.',
    next: 'GET /workers/v1/queues lists the queues.',
  },
  scheduleNotFound: {
    status: 404,
    message: 'There is no such schedule here.',
    next: 'GET /workers/v1/schedules lists the schedules you may see.',
  },
  scheduleNameTaken: {
    status: 409,
    message: (d: { name: string }) => `There is a schedule named "${d.name}" already.`,
    next: 'Choose another name, or change that schedule.',
  },
  scheduleLimitReached: {
    status: 409,
    message: (d: { limit: number }) => `This organisation already has ${d.limit} schedules.`,
    next: 'Delete schedules that are no longer needed.',
  },
  scheduleNeverFires: {
    status: 422,
    message: 'It would never fire: no time fits between its start and its end.',
    next: 'POST /workers/v1/schedules/preview shows when a pattern fires; check the pattern and ends_at.',
  },
})
