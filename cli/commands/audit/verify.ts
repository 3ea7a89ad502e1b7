import { EXIT } from '../../base/exit-codes.js'
import { tenantFilterFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { ChainVerdict } from '../../clients/resources.js'
import { verifyAudit } from '../../operations/audit.js'
import { chainView } from '../../views/audit-views.js'

export default class AuditVerify extends TenantCommand {
  static override summary = 'prove that the audit log was not changed'
  static override description =
    'Recomputes the hash chain of a tenant, or of the installation. Exits 1 and names the entry when the chain is broken.'
  static override flags = { tenant: tenantFilterFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --tenant acme --json',
  ]
  static override jsonDoc = {
    ok: 'true when the chain is whole',
    checked: 'how many entries were checked',
    broken_at: 'where the chain breaks; null when it is whole',
  }

  async run(): Promise<ChainVerdict> {
    const { flags } = await this.parse(AuditVerify)
    const verdict = await verifyAudit(await this.tenantApi(flags.tenant))
    if (!verdict.ok) process.exitCode = EXIT.failed
    return this.show(verdict, chainView)
  }
}
