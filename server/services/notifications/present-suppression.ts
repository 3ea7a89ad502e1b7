import type { z } from 'zod'
import type { Suppression } from './models/suppression.js'
import type { suppressionView } from './schemas/channels.js'

/** A suppression as it leaves. */
export function presentSuppression(suppression: Suppression): z.input<typeof suppressionView> {
  return {
    id: suppression.id,
    channel: suppression.channel,
    masked: suppression.masked,
    reason: suppression.reason,
    source: suppression.source,
    since: suppression.createdAt.toISOString(),
  }
}
