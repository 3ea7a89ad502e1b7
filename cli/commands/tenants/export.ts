import { resolve } from 'node:path'
import * as Flags from '@oclif/core/flags'
import { BackupCommand } from '../../base/backup-command.js'
import { requiredArg } from '../../base/flags.js'
import type { ExportedTenant } from '../../operations/tenant-archives.js'
import { exportedTenantView } from '../../views/tenant-archive-views.js'

export default class TenantsExport extends BackupCommand {
  static override summary = 'write all data of a tenant into one file'
  static override description =
    'Every row of one moment as lines of JSON, its people, its objects: for people to read, for other systems, and for `vetrai tenants import`. A .tar.gz, encrypted in the age format with --recipient or --passphrase-file; only then it has the secrets that the tenant stored. The file is readable by its owner only, and is there whole or not at all.'
  static override args = { tenant: requiredArg('slug or id') }
  static override flags = {
    output: Flags.string({
      char: 'o',
      description: 'file to write; it must not exist',
      env: 'VETRAI_OUTPUT',
      helpValue: 'FILE',
      required: true,
    }),
    recipient: Flags.string({
      description: 'encrypt it to this age recipient; may be repeated',
      env: 'VETRAI_RECIPIENT',
      helpValue: 'age1…',
      multiple: true,
      delimiter: ',',
      exclusive: ['passphrase-file'],
    }),
    'passphrase-file': Flags.file({
      description: 'encrypt it with the passphrase in this file',
      env: 'VETRAI_PASSPHRASE_FILE',
      exists: true,
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme --output acme.tar.gz',
    '<%= config.bin %> <%= command.id %> acme --output acme.tar.gz.age --passphrase-file passphrase.txt --json',
  ]
  static override jsonDoc = {
    tenant: 'the tenant, as it was named',
    file: 'the file',
    size_bytes: 'its length',
    encrypted: 'true when a key is needed to read it',
  }

  async run(): Promise<ExportedTenant> {
    const { args, flags } = await this.parse(TenantsExport)
    const [{ exportTenant }, { readPassphrase }] = await Promise.all([
      import('../../operations/tenant-archives.js'),
      import('../../operations/backup/read-keys.js'),
    ])
    const file = flags['passphrase-file']
    const request = {
      tenant: args.tenant,
      recipients: flags.recipient ?? [],
      ...(file !== undefined && { passphrase: await readPassphrase(file) }),
    }
    return this.show(
      await exportTenant(await this.backups(), request, resolve(flags.output)),
      exportedTenantView,
    )
  }
}
