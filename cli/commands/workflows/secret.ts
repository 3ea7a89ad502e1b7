import * as Flags from '@oclif/core/flags'
import { requiredArg, tenantFlag } from '../../base/flags.js'
import { readSecret } from '../../base/read-secret.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { workflowSecretDoc } from '../../base/workflow-docs.js'
import type { WorkflowSecret } from '../../clients/workflow-resources.js'
import { putSecret } from '../../operations/workflows.js'
import { secretView } from '../../views/workflow-views.js'

export default class WorkflowsSecret extends TenantCommand {
  static override summary = 'store a secret for workflows'
  static override description =
    'The value is read from standard input, or asked for on a terminal; never from arguments. It is sent to the hosts named, and shown nowhere again.'
  static override args = { name: requiredArg('its name: upper-case letters, digits and _') }
  static override flags = {
    tenant: tenantFlag,
    hosts: Flags.string({
      description: 'the only hosts it is sent to, separated by commas',
      env: 'VETRAI_HOSTS',
      helpValue: 'HOST,…',
      required: true,
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
  }
  static override examples = [
    'printenv CRM_KEY | <%= config.bin %> <%= command.id %> CRM_KEY --tenant acme --hosts crm.example.com',
  ]
  static override jsonDoc = workflowSecretDoc

  async run(): Promise<WorkflowSecret> {
    const { args, flags } = await this.parse(WorkflowsSecret)
    const flag = { flag: 'the value on standard input' }
    const fromStdin = process.stdin.isTTY !== true
    const value = await readSecret({ what: 'secret', fromStdin, flag, repeat: false })
    const api = await this.tenantApi(flags.tenant)
    return this.show(await putSecret(api, args.name, { value, hosts: flags.hosts }), secretView)
  }
}
