import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFilterFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { auditDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { AuditEntry } from '../../clients/resources.js'
import { listAudit } from '../../operations/audit.js'
import { auditView } from '../../views/audit-views.js'

export default class AuditList extends TenantCommand {
  static override summary = 'list what was done, by whom'
  static override description = 'Of one tenant, or without --tenant of the installation itself.'
  static override flags = {
    tenant: tenantFilterFlag,
    action: Flags.string({ description: 'only this action, such as key.revoked', env: 'VETRAI_ACTION' }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme',
    '<%= config.bin %> <%= command.id %> --action tenant.created --all --json',
  ]
  static override jsonDoc = pageDoc(auditDoc)

  async run(): Promise<Page<AuditEntry>> {
    const { flags } = await this.parse(AuditList)
    const api = await this.tenantApi(flags.tenant)
    return this.show(await listAudit(api, flags, given({ action: flags.action })), auditView)
  }
}
