import type { Deployment } from '../../deployment/deployment.js'
import type { Migrator } from '../migrate-database.js'
import type { Engine } from './engine.js'
import type { Rendered } from './render.js'

/** Runs the migrate program as a one-off container of the server's image. */
export function composeMigrator(deployment: Deployment, engine: Engine, rendered: Rendered): Migrator {
  return {
    ...migratedBy(deployment, rendered),
    run: async (verb) => {
      await engine.removeLeftovers('migrate')
      return engine.compose(['run', '--rm', '--no-deps', '-T', 'migrate', verb], { check: false })
    },
  }
}

/** What migrations come with the rendered image, and the database they are for. */
export function migratedBy({ config }: Deployment, { images }: Rendered): Pick<Migrator, 'code' | 'place'> {
  return { code: images.server.use, place: config.database.url ?? 'built-in' }
}
