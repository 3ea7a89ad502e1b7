import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { jsonFlag, readJsonInput } from '../../base/json-input.js'
import { enqueuedJobDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { EnqueuedJob } from '../../clients/resources.js'
import { createJob, waitForJob } from '../../operations/jobs.js'
import { enqueuedView, jobProgress } from '../../views/job-views.js'

export default class JobsCreate extends TenantCommand {
  static override summary = 'enqueue a background job'
  static override description =
    'It is committed once this answers. `vetrai jobs kinds` tells which kinds there are and what payload they take.'
  static override flags = {
    tenant: tenantFlag,
    kind: Flags.string({
      description: 'kind of job',
      env: 'VETRAI_KIND',
      helpValue: 'KIND',
      required: true,
    }),
    payload: jsonFlag('what it works on', 'VETRAI_PAYLOAD'),
    'run-at': Flags.string({
      description: 'not before this time (RFC 3339)',
      env: 'VETRAI_RUN_AT',
      helpValue: 'TIME',
      exclusive: ['delay'],
    }),
    delay: Flags.integer({ description: 'not before so many seconds', env: 'VETRAI_DELAY', min: 0 }),
    priority: Flags.integer({
      description: 'higher runs first among the jobs of the tenant',
      env: 'VETRAI_PRIORITY',
      min: -100,
      max: 100,
    }),
    attempts: Flags.integer({
      description: 'how often it is begun at most',
      env: 'VETRAI_ATTEMPTS',
      min: 1,
      max: 100,
    }),
    unique: Flags.string({
      description: 'makes none while an unsettled one has this key',
      env: 'VETRAI_UNIQUE',
      helpValue: 'KEY',
    }),
    wait: Flags.boolean({
      description: 'wait until it is settled, showing how far it is',
      env: 'VETRAI_WAIT',
    }),
  }
  static override examples = [
    `<%= config.bin %> <%= command.id %> --tenant acme --kind workers.http-request --payload '{"url":"https://app.example.com/tasks"}' --wait`,
    '<%= config.bin %> <%= command.id %> --tenant acme --kind workers.http-request --payload @task.json --delay 3600 --json',
  ]
  static override jsonDoc = enqueuedJobDoc

  async run(): Promise<EnqueuedJob> {
    const { flags } = await this.parse(JobsCreate)
    const api = await this.tenantApi(flags.tenant)
    const made = await createJob(api, {
      kind: flags.kind,
      ...given({
        payload: await readJsonInput('payload', flags.payload),
        run_at: flags['run-at'],
        delay_s: flags.delay,
        priority: flags.priority,
        attempts: flags.attempts,
        unique: flags.unique === undefined ? undefined : { key: flags.unique },
      }),
    })
    if (!flags.wait) return this.show(made, enqueuedView)
    const { status } = await waitForJob(api, made.id, (job) => this.say(jobProgress(job)))
    if (status !== 'succeeded') process.exitCode = 1
    return this.show({ ...made, status }, enqueuedView)
  }
}
