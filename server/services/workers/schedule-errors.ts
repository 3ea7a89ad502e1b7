import { defineErrors } from '../../kernel/define-errors.js'

export const scheduleErrors = defineErrors('schedules', {
  notFound: {
    status: 404,
    message: 'There is no such schedule here.',
    next: 'GET /workers/v1/schedules lists the schedules of the organisation.',
  },
  unknownKind: {
    status: 422,
    message: (d: { kind: string; kinds: readonly string[] }) =>
      `No kind of job "${d.kind}" may be scheduled. ${
        d.kinds.length > 0
          ? `You may schedule ${d.kinds.join(', ')}.`
          : 'There is none that you may schedule.'
      }`,
    next: 'Give one of the kinds that your role and scopes include.',
  },
  nameTaken: {
    status: 409,
    message: (d: { name: string }) => `There is a schedule named "${d.name}" already.`,
    next: 'Choose another name, or change that schedule.',
  },
  limitReached: {
    status: 409,
    message: (d: { limit: number }) => `This organisation already has ${d.limit} schedules.`,
    next: 'Delete schedules that are no longer needed.',
  },
  neverFires: {
    status: 422,
    message: 'It would never fire: no time fits between its start and its end.',
    next: 'POST /workers/v1/schedules/preview shows when a pattern fires; check the pattern and ends_at.',
  },
})
