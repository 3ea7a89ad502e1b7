import { count } from '../views/format.js'
import { type Check, ok, warn } from './check.js'

/** The database has the schema this version expects. */
export const migrations: Check = {
  name: 'migrations',
  title: 'Migrations',
  stages: ['doctor'],
  remedy: 'Apply them: vetrai migrate up',
  run: async ({ deployment, runtime, status }) => {
    const running = status?.components.some(({ name, state }) => name === 'postgres' && state === 'running')
    if (!deployment || !runtime || !running) return undefined
    const all = await runtime.migrations(deployment)
    const pending = all.filter((migration) => migration.applied_at === null)
    if (pending.length === 0) return ok(`${count(all.length, 'migration')} applied, none pending`)
    return warn(
      `${count(pending.length, 'migration')} pending: ${pending.map(({ name }) => name).join(', ')}`,
    )
  },
}
