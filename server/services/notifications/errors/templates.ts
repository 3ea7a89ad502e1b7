import { defineErrors } from '../../../kernel/define-errors.js'

/** Errors of notification templates. */
export const templateErrors = defineErrors('notifications', {
  templateUnknown: {
    status: 404,
    message: 'There is no notification template of this key.',
    next: 'See GET /notifications/v1/templates.',
  },
  templateData: {
    status: 422,
    message: (d: { template: string; problem: string }) =>
      `The data does not fit the template "${d.template}": ${d.problem}.`,
    next: 'GET /notifications/v1/templates/{key} lists the variables and what each may hold.',
  },
  channelUnworded: {
    status: 422,
    message: (d: { template: string; channel: string }) =>
      `The template "${d.template}" has no words for the channel ${d.channel}.`,
    next: 'Add them to the draft of the template and publish it, or use a channel it has.',
  },
})
