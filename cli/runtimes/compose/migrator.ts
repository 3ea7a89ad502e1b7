import type { Deployment } from '../../deployment/deployment.js'
import type { Migrator } from '../migrate-database.js'
import type { Engine } from './engine.js'
import type { Rendered } from './render.js'

/** Runs the migrate program as a one-off container of the server's image. */
export function composeMigrator(deployment: Deployment, engine: Engine, rendered: Rendered): Migrator {
  return {
    code: migratedCode(rendered),
    place: migratedPlace(deployment),
    run: async (verb) => {
      await engine.removeLeftovers()
      return engine.compose(['run', '--rm', '--no-deps', '-T', 'migrate', verb], { check: false })
    },
  }
}

/** The image holds the migrations. */
export function migratedCode({ images }: Rendered): string {
  return images.server.use
}

export function migratedPlace({ config }: Deployment): string {
  return config.database.url ?? 'built-in'
}
