import type { EventName } from '../../../../kernel/events.js'

/** A type of the app's own: `app.order.paid`. Standard Webhooks asks for letters, digits, `_` and full stops. */
export const APP_TYPE = /^app(\.[a-zA-Z0-9_]+)+$/

/** What an endpoint may subscribe to: everything, all of a service, or one type. */
export const SUBSCRIPTION = /^(\*|[a-z][a-z0-9]*\.\*|[a-z][a-z0-9]*(\.[a-zA-Z0-9_]+)+)$/

export const TYPE_MAX_LENGTH = 100

/** Subscriptions that a message of this type reaches. */
export function subscriptionsTo(type: string): string[] {
  return ['*', `${type.slice(0, type.indexOf('.'))}.*`, type]
}

/** The subscriptions that no message can ever reach, given the event types there are. */
export function unknownSubscriptions(
  subscriptions: readonly string[],
  types: readonly EventName[],
): string[] {
  const known = new Set(['*', 'app.*', ...types.flatMap(subscriptionsTo)])
  return subscriptions.filter((one) => !known.has(one) && !APP_TYPE.test(one))
}
