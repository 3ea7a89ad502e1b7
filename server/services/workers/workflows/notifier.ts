import type { Ctx } from '../../../kernel/context.js'
import { defineState, type Resources, stateOf } from '../../../kernel/resources.js'

/**
 * Sends what a workflow's notification node says, as `POST /notifications/v1/send` would for an administrator of the
 * tenant; answers what is known of it at once. A `key` it has seen before sends nothing and answers as it did then. Throws
 * AppError for what it refuses.
 */
export type Notifier = (ctx: Ctx, notification: Record<string, unknown>, key: string) => Promise<unknown>

const notifier = defineState('workflows.notifier', (): { notify: Notifier | null } => ({ notify: null }))

/** Gives workflows a way to send notifications, or none; for the notifications service to call when it starts. */
export function provideNotifier(resources: Resources, notify: Notifier | null): void {
  stateOf(resources, notifier).notify = notify
}

/** The way there is; null where no service gave one. */
export function notifierOf(ctx: Ctx): Notifier | null {
  return ctx.state(notifier).notify
}
