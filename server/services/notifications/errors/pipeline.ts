import { defineErrors } from '../../../kernel/define-errors.js'

/** Errors of messages, recipients, preferences, deliveries and the inbox. */
export const pipelineErrors = defineErrors('notifications', {
  messageUnknown: {
    status: 404,
    message: 'There is no such message here.',
    next: 'GET /notifications/v1/messages lists them; old ones are removed after some time.',
  },
  deliveryUnknown: {
    status: 404,
    message: 'There is no such delivery here.',
    next: 'GET /notifications/v1/deliveries lists them; old ones are removed after some time.',
  },
  subscriberUnknown: {
    status: 404,
    message: 'There is no such subscriber here.',
    next: 'GET /notifications/v1/subscribers?external_id=… finds one by your own id.',
  },
  topicUnknown: {
    status: 404,
    message: 'There is no such topic here.',
    next: 'GET /notifications/v1/topics lists them.',
  },
  itemUnknown: {
    status: 404,
    message: 'There is no such item in this inbox.',
    next: 'GET /notifications/v1/inbox lists what is there.',
  },
  subscriptionUnknown: {
    status: 404,
    message: 'There is no such push subscription of yours.',
    next: 'GET /notifications/v1/push/subscriptions lists yours.',
  },
  categoryUnknown: {
    status: 422,
    message: (d: { key: string }) => `There is no category "${d.key}".`,
    next: 'GET /notifications/v1/categories lists them; PUT /notifications/v1/categories/{key} makes one.',
  },
  templateReserved: {
    status: 403,
    message: (d: { template: string }) =>
      `The template "${d.template}" is for what the installation itself writes to people.`,
    next: 'Make a template of your own: POST /notifications/v1/templates.',
  },
  categoryMissing: {
    status: 404,
    message: 'The organisation has not declared this category.',
    next: 'GET /notifications/v1/categories shows which are its own and which are built in.',
  },
  categoryLimit: {
    status: 409,
    message: (d: { limit: number }) => `The organisation already declares ${d.limit} categories.`,
    next: 'Delete one that no message uses.',
  },
  topicTaken: {
    status: 409,
    message: 'There is a topic of this key already.',
    next: 'Use the one that exists, or another key.',
  },
  externalIdTaken: {
    status: 409,
    message: 'Another subscriber has this external_id.',
    next: 'Use the one that exists, or another external_id.',
  },
  tooFarAhead: {
    status: 422,
    message: 'The time is more than a year ahead.',
    next: 'Give an earlier one, or send the message when its time is near.',
  },
  nothingPending: {
    status: 409,
    message: 'Nothing of this message is pending any more.',
    next: 'GET /notifications/v1/deliveries?message_id=… shows what became of it.',
  },
  notRetryable: {
    status: 409,
    message: (d: { status: string }) =>
      `This delivery is ${d.status}; only failed and bounced ones are sent again.`,
    next: 'Send a new message instead.',
  },
  nobodysInbox: {
    status: 403,
    message: 'A key of the organisation is nobody, and has neither inbox nor preferences.',
    next: "Call as a person, with a person's key, or with a subscriber's token.",
  },
  pushLimit: {
    status: 409,
    message: (d: { limit: number }) => `There are already ${d.limit} push subscriptions of yours.`,
    next: 'Delete those of devices that are no longer used.',
  },
})
