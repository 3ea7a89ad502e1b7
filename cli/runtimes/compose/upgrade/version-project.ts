import { join } from 'node:path'
import { compose } from '../../../clients/compose.js'
import { atomicWrite, ensureDirectory } from '../../../deployment/atomic-write.js'
import type { Deployment } from '../../../deployment/deployment.js'
import type { MigrateOutput, MigrateVerb, Migrator } from '../../migrate-database.js'
import type { ServerVersion } from '../../upgrade-host.js'
import type { Engine } from '../engine.js'
import { giveToContainers } from '../owner.js'
import { type Rendered, render } from '../render.js'
import { heldImage } from '../server-image.js'

/** Rendered for a version that the deployment does not run yet, or no longer. */
const FILE = 'upgrade.compose.yaml'

/** The deployment's project as it would be with another version: one-offs of it run beside what serves. */
export class VersionProject {
  private constructor(
    readonly deployment: Deployment,
    readonly engine: Engine,
    readonly rendered: Rendered,
    private readonly file: string,
  ) {}

  /** Renders the project for a version; only its own file is written. */
  static async of(deployment: Deployment, engine: Engine, version: ServerVersion): Promise<VersionProject> {
    const { image } = version.locked
    if (!image) throw new Error('a version of containers has an image')
    await deployment.secrets.generateMissing()
    const rendered = await render(deployment, { server: heldImage(image) })
    const file = join(deployment.paths.generated, FILE)
    await ensureDirectory(deployment.paths.generated, 0o700)
    await atomicWrite(file, rendered.text, 0o600)
    await giveToContainers(deployment, rendered.user)
    return new VersionProject(deployment, engine, rendered, file)
  }

  async compose(args: string[], options?: Parameters<typeof compose>[2]) {
    return compose(await this.engine.project(this.file), args, options)
  }

  /** Runs the version's migrate program on the database, or on a copy of it. */
  async migrate(verb: string, args: string[] = [], copy?: string): Promise<MigrateOutput> {
    await this.engine.removeLeftovers()
    const env = copy === undefined ? [] : ['-e', `DATABASE_URL=${this.urlOf(copy)}`]
    const command = ['run', '--rm', '--no-deps', '-T', ...env, 'migrate', verb, ...args]
    return this.compose(command, { check: false })
  }

  /** How `migrateDatabase` brings the database, or a copy of it, to this version. */
  migrator(copy?: string): Migrator {
    return {
      code: this.rendered.images.server.use,
      // Roles are the same for all databases of one server, and a copy takes the place of the one there is.
      place: this.deployment.config.database.url ?? 'built-in',
      run: (verb: MigrateVerb) => this.migrate(verb, [], copy),
    }
  }

  private urlOf(database: string): string {
    const environment = this.rendered.file.services.migrate?.environment as Record<string, string>
    const url = new URL(environment.DATABASE_URL ?? 'postgres://postgres:5432/vetrai')
    url.pathname = `/${encodeURIComponent(database)}`
    return url.href
  }
}
