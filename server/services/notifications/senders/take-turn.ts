import type { Resources } from '../../../kernel/resources.js'
import { stateOf } from '../../../kernel/resources.js'
import type { Destination } from '../channel.js'
import { senders } from './senders.js'

/** Settings that say how many messages of a channel may leave in a minute. */
const RATES = { email: 'MAIL_PER_MINUTE', sms: 'SMS_PER_MINUTE', push: 'PUSH_PER_MINUTE' } as const

/**
 * Takes a message's turn under the rate of its channel, which all processes count together; answers the milliseconds
 * to wait where it has none yet (run later, at no cost of attempts). Never rejects.
 */
export async function takeTurn(resources: Resources, channel: Destination['channel']): Promise<number> {
  const quota = resources.config[RATES[channel]]
  if (quota === 0) return 0
  const { limiter } = stateOf(resources, senders)
  const [state] = await limiter.take([
    { policy: 'notifications', subject: `channel:${channel}`, quota, windowS: 60 },
  ])
  return state === undefined || state.allowed ? 0 : state.resetS * 1000
}
