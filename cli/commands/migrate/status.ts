import { DeploymentCommand } from '../../base/deployment-command.js'
import { type MigrationReport, migrationsView } from '../../views/migrations-view.js'

export default class MigrateStatus extends DeploymentCommand {
  static override summary = 'list the schema migrations, applied and pending'
  static override description = 'The database has to run. Changes nothing.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = {
    pending: 'how many are pending',
    migrations: {
      '[]': { name: 'name of the migration', applied_at: 'when it was applied; null when pending' },
    },
  }

  async run(): Promise<MigrationReport> {
    await this.parse(MigrateStatus)
    const deployment = await this.deployment()
    const migrations = await (await this.runtime(deployment)).migrations(deployment)
    const pending = migrations.filter(({ applied_at }) => applied_at === null).length
    return this.show({ pending, migrations }, migrationsView)
  }
}
