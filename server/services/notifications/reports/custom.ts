import type { ProviderReport } from '../operations/record-report.js'
import { referencesIn } from '../rules/delivery-report.js'
import type { CustomReport } from '../schemas/reports.js'

const OUTCOMES = {
  bounce: 'bounced',
  complaint: 'complained',
  delivery: 'delivered',
  deferral: 'deferred',
} as const

/** Signed reports in our own form. */
export function readCustom({ events }: CustomReport): ProviderReport[] {
  return events.map(({ type, address, message_id, permanent, code }) => ({
    channel: 'email',
    provider: 'custom',
    outcome: OUTCOMES[type],
    code: code ?? null,
    suppress: type === 'complaint' ? 'complaint' : type === 'bounce' && permanent ? 'hard_bounce' : null,
    references: referencesIn([message_id ?? '']),
    addresses: [address],
    isTrusted: true,
  }))
}
