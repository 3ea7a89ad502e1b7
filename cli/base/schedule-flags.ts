import * as Flags from '@oclif/core/flags'
import type { ScheduleChanges } from '../operations/schedules.js'
import { given } from './given.js'
import { jsonFlag, readJsonInput } from './json-input.js'

/** What takes the place of a time that is to be forgotten. */
const NONE = 'none'

/** When a schedule fires. */
export const timesFlags = {
  cron: Flags.string({
    description: 'pattern of minutes, hours, day of month, month and day of week, or @daily and the like',
    env: 'VETRAI_CRON',
    helpValue: 'PATTERN',
    exclusive: ['every'],
  }),
  every: Flags.integer({
    description: 'seconds from one firing to the next',
    env: 'VETRAI_EVERY',
    helpValue: 'SECONDS',
    min: 10,
  }),
  'time-zone': Flags.string({
    description: 'IANA time zone that the pattern goes by; UTC without it',
    env: 'VETRAI_TIME_ZONE',
    helpValue: 'ZONE',
  }),
  'starts-at': Flags.string({
    description: `fire from then on, RFC 3339; ${NONE} for no bound`,
    env: 'VETRAI_STARTS_AT',
    helpValue: 'TIME',
  }),
  'ends-at': Flags.string({
    description: `fire until then, RFC 3339; ${NONE} for no bound`,
    env: 'VETRAI_ENDS_AT',
    helpValue: 'TIME',
  }),
}

/** What a schedule makes and how it deals with what went wrong. */
export const behaviourFlags = {
  payload: jsonFlag('what each job is given', 'VETRAI_PAYLOAD'),
  'catch-up': Flags.string({
    description: 'make up for none of the firings missed in an outage, the last, or all (100 at most)',
    env: 'VETRAI_CATCH_UP',
    helpValue: 'POLICY',
    options: ['none', 'last', 'all'],
  }),
  overlap: Flags.string({
    description: 'allow or skip firings while the job before is not settled',
    env: 'VETRAI_OVERLAP',
    helpValue: 'POLICY',
    options: ['allow', 'skip'],
  }),
}

interface TimesGiven {
  cron?: string | undefined
  every?: number | undefined
  'time-zone'?: string | undefined
  'starts-at'?: string | undefined
  'ends-at'?: string | undefined
}

interface BehaviourGiven {
  payload?: string | undefined
  'catch-up'?: string | undefined
  overlap?: string | undefined
}

/** The times as the API takes them; only what was given. */
export function timesFrom(flags: TimesGiven) {
  return given({
    cron: flags.cron,
    every_s: flags.every,
    time_zone: flags['time-zone'],
    starts_at: bound(flags['starts-at']),
    ends_at: bound(flags['ends-at']),
  })
}

/** All that may be changed, as the API takes it; only what was given. A payload may have to be read first. */
export async function changesFrom(flags: TimesGiven & BehaviourGiven): Promise<ScheduleChanges> {
  return {
    ...timesFrom(flags),
    ...given({
      payload: await readJsonInput('payload', flags.payload),
      catch_up: flags['catch-up'],
      overlap: flags.overlap,
    }),
  }
}

function bound(text: string | undefined): string | null | undefined {
  return text === NONE ? null : text
}
