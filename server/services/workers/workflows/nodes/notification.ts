import { z } from 'zod'
import { AppError, type InputProblem } from '../../../../kernel/define-errors.js'
import { objectOrTemplate } from '../graph/pieces.js'
import { notifierOf } from '../notifier.js'
import { asObject, type Step, StepFailure, type StepResult } from './step.js'

export const notificationConfig = z.strictObject({
  notification: objectOrTemplate(65_536).describe(
    'What POST /notifications/v1/send takes: whom to tell, and what.',
  ),
})

/** Hands a notification over for sending; it is sent once, however often the step is begun. */
export async function runNotification(
  step: Step,
  raw: z.output<typeof notificationConfig>,
): Promise<StepResult> {
  const config = await step.config(notificationConfig, raw)
  const notification = asObject('notification', config.notification)
  const notify = notifierOf(step.ctx)
  if (!notify)
    throw new StepFailure(
      'notifications_absent',
      'This installation has no notifications service to send it.',
    )
  step.show({ notification })
  try {
    return { output: await notify(step.ctx, notification, step.idempotencyKey) }
  } catch (error) {
    throw refusalOf(error)
  }
}

/** What the service says no to, as a failure of the step; others pass unchanged. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof AppError) || error.status >= 500) return error
  const { errors } = error.members as { errors?: InputProblem[] }
  const why = errors?.map(({ pointer, message }) => `${pointer} ${message}`).join('; ') ?? error.message
  return new StepFailure('notification_refused', `The notification was refused: ${why}`)
}
