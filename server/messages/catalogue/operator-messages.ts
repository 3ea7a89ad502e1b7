import type { MessageDefinition } from './message-definition.js'

const time = (about: string, example = '2026-01-31T12:05:00Z') => ({ kind: 'time', about, example }) as const
const kind = {
  kind: 'choice',
  options: ['create', 'drill', 'prune'],
  about: 'what was done: a backup, a restore on trial, removing old backups',
  example: 'create',
} as const
const next = {
  kind: 'plain',
  about: 'what to do about it',
  example: 'Free space on that disk, or keep fewer backups.',
  optional: true,
} as const
const lastGoodAt = { ...time('when the last good one was', '2026-01-30T02:00:00Z'), optional: true } as const
const toOperators = { category: 'product', isCritical: true, isCustomizable: false } as const

/** What the installation writes to those who run it. */
export const operatorMessages = {
  'backup-failed': {
    ...toOperators,
    summary: 'tells operators that a backup, or what is done with backups, failed',
    channels: ['email', 'in_app', 'sms', 'push'],
    variables: {
      kind,
      when: time('when it failed'),
      reason: { kind: 'plain', about: 'what went wrong', example: 'no space left on the disk' },
      next,
      last_good_at: lastGoodAt,
    },
  },
  'backup-missing': {
    ...toOperators,
    summary: 'tells operators that there is no backup although there should be',
    channels: ['email'],
    variables: { since: time('since when none was made'), next, last_good_at: lastGoodAt },
  },
  'backup-works-again': {
    ...toOperators,
    summary: 'tells operators that backups, or what is done with them, work again',
    channels: ['email'],
    variables: { kind, when: time('when it worked') },
  },
} as const satisfies Record<string, MessageDefinition>
