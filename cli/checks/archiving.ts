import { type Check, fail, ok } from './check.js'

/** Changes of the database reach the archive, and base backups are made. */
export const archiving: Check = {
  name: 'archiving',
  title: 'archive of the database',
  stages: ['doctor'],
  remedy:
    'Is the target there, with room, and may containers write to it? See `vetrai logs postgres` and `vetrai logs wal`. The database keeps what is not archived, so its disk fills meanwhile.',
  run: async ({ deployment, runtime }) => {
    if (!deployment?.config.backup.wal || !runtime?.pointInTime) return undefined
    const state = await runtime.pointInTime.state(deployment)
    if (state === undefined) return undefined
    return state.isWell ? ok(state.detail) : fail(state.detail)
  },
}
