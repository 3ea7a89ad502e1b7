import { resolve } from 'node:path'
import { BackupCommand } from '../../base/backup-command.js'
import { keyFilesOf, keyFlags } from '../../base/backup-flags.js'
import { requiredArg } from '../../base/flags.js'
import { arrivalFlags, arrivalOf, importedTenantDoc } from '../../base/tenant-archive-docs.js'
import type { ImportedTenant } from '../../operations/tenant-archives.js'
import { importedTenantView } from '../../views/tenant-archive-views.js'

export default class TenantsImport extends BackupCommand {
  static override summary = 'bring in a tenant that was exported'
  static override description =
    'All of it or nothing. Rows keep their ids. People are found by id or by their verified address and keep everything they have; others get an account without a password. In another deployment, and with --as, API keys come along revoked, schedules paused and webhook endpoints disabled.'
  static override args = { file: requiredArg('file that `vetrai tenants export` wrote') }
  static override flags = { ...arrivalFlags, ...keyFlags }
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme.tar.gz --dry-run',
    '<%= config.bin %> <%= command.id %> acme.tar.gz.age --passphrase-file passphrase.txt --as acme-copy --json',
    '<%= config.bin %> <%= command.id %> acme.tar.gz.age --identity-file key.txt --conflict replace --confirm acme',
  ]
  static override jsonDoc = importedTenantDoc

  async run(): Promise<ImportedTenant> {
    const { args, flags } = await this.parse(TenantsImport)
    const [{ importTenant }, { readKeys }] = await Promise.all([
      import('../../operations/tenant-archives.js'),
      import('../../operations/backup/read-keys.js'),
    ])
    const keys = await readKeys(keyFilesOf(flags))
    return this.show(
      await importTenant(await this.backups(), resolve(args.file), keys, arrivalOf(flags)),
      importedTenantView,
    )
  }
}
