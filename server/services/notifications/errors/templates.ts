import { defineErrors, type InputProblem } from '../../../kernel/define-errors.js'

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
  templateExists: {
    status: 409,
    message: (d: { key: string }) => `There is a template with the key "${d.key}" already.`,
    next: 'Choose another key, or change that template with PATCH.',
  },
  tooManyTemplates: {
    status: 409,
    message: (d: { limit: number }) => `An organisation may have at most ${d.limit} templates of its own.`,
    next: 'Delete templates nobody uses.',
  },
  templateFixed: {
    status: 409,
    message: (d: { key: string }) =>
      `The words of "${d.key}" are the installation's: it concerns an account, or the installation itself.`,
    next: 'See "customizable" in GET /notifications/v1/templates.',
  },
  messageShipped: {
    status: 409,
    message: (d: { key: string }) => `Of the shipped message "${d.key}" only the words can be changed.`,
    next: 'Send "content" only; for anything else make a template of your own.',
  },
  draftMissing: {
    status: 409,
    message: 'The template has no draft.',
    next: 'Change its words with PATCH first.',
  },
  draftInvalid: {
    status: 422,
    message: (d: { problems: InputProblem[] }) =>
      d.problems.length === 1
        ? 'One place of the words was refused.'
        : `${d.problems.length} places of the words were refused.`,
    next: 'Correct what "errors" lists: pointers lead into the words by locale, lines into the body.',
    members: (d: { problems: InputProblem[] }) => ({ errors: d.problems }),
  },
  draftChanged: {
    status: 409,
    message: 'The draft was changed by somebody else while it was being published.',
    next: 'Read it again, and publish what it is now.',
  },
  versionUnknown: {
    status: 404,
    message: 'The template has no such version.',
    next: 'GET /notifications/v1/templates/{key}/versions lists them.',
  },
  testRefused: {
    status: 422,
    message: 'The mail server refused to deliver to your address.',
    next: 'Ask the operator what it said; it is in the log of the server.',
  },
})
