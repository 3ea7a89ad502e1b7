import { ApiCommand } from '../base/api-command.js'
import type { SeedResult } from '../operations/seed/seed-demo.js'
import { seedView } from '../views/seed-view.js'

export default class Seed extends ApiCommand {
  static override summary = 'fill the deployment with believable demo data'
  static override description =
    'Four organisations with people in every role and API keys, made through the REST API, and in one of them a schedule, a workflow with runs, jobs, inbox messages and a webhook endpoint. Safe to repeat: what is there stays, what is missing is made. The people share one generated password, kept in a file.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = {
    tenants: { '[]': { tenant: 'slug', id: 'id', created: 'false when it was there already' } },
    users: {
      '[]': {
        tenant: 'slug',
        email: 'e-mail',
        role: 'role there',
        created: 'false when they were there already',
      },
    },
    keys: {
      '[]': {
        tenant: 'slug',
        name: 'name of the key',
        created: 'false when it was there already',
        key: 'the secret, only when it was made now; else null',
      },
    },
    work: {
      '[]': {
        tenant: 'slug',
        what: 'schedule, workflow, run, job, message or webhook',
        name: 'its name, kind, title or URL',
        created: 'false when it was there already',
      },
    },
    password_file: 'file that holds the password of the demo people',
  }

  async run(): Promise<SeedResult> {
    await this.parse(Seed)
    const [{ demoPassword }, { seedDemo }] = await Promise.all([
      import('../operations/seed/demo-password.js'),
      import('../operations/seed/seed-demo.js'),
    ])
    const deployment = await this.deployment()
    const { progress } = this
    return this.show(
      await seedDemo(await this.api(), { ...(await demoPassword(deployment)), progress }),
      seedView,
    )
  }
}
