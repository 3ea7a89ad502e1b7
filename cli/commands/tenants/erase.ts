import { resolve } from 'node:path'
import * as Flags from '@oclif/core/flags'
import { BackupCommand } from '../../base/backup-command.js'
import { confirmByName } from '../../base/confirm.js'
import { confirmFlag, requiredArg } from '../../base/flags.js'
import type { ErasedTenant } from '../../operations/tenant-archives.js'
import { erasedTenantView } from '../../views/tenant-archive-views.js'

export default class TenantsErase extends BackupCommand {
  static override summary = 'erase a tenant for good, with a certificate'
  static override description =
    'Every row in every table, its audit chain, its objects, and the people who belong to no other tenant. Other than `tenants delete` there is no grace period, nothing stays but what the certificate names, and the certificate is signed. It goes to a file; keep it: nothing else can prove what was done.'
  static override args = { tenant: requiredArg('slug') }
  static override flags = {
    confirm: confirmFlag('the slug'),
    certificate: Flags.string({
      description: 'file for the certificate; erasure-SLUG.json without it. It must not exist',
      env: 'VETRAI_CERTIFICATE',
      helpValue: 'FILE',
    }),
    'keep-people': Flags.boolean({
      description: 'let people keep their accounts who belong to no other tenant',
      env: 'VETRAI_KEEP_PEOPLE',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme --confirm acme',
    '<%= config.bin %> <%= command.id %> acme --confirm acme --certificate /mnt/records/acme.json --json',
  ]
  static override jsonDoc = {
    document: {
      tenant: { id: 'id of the tenant', slug: 'its slug' },
      erased_at: 'when',
      erased_by: 'by whom',
      erased: {
        tables: 'rows by table',
        rows: 'rows altogether',
        people: 'accounts that went with it',
        objects: { count: 'objects', bytes: 'their bytes' },
        redis_keys: 'counters in Redis; null where it was away',
      },
      audit: { lines: 'lines of its audit chain', head: 'hash of the last one' },
      remains: {
        '[]': { what: 'what remains', why: 'why', until: 'until when; null where nobody can tell' },
      },
    },
    sha256: 'SHA-256 of the document, which the audit chain of the installation has too',
    jws: 'signature by the installation’s key, which is in its header; null where it has none yet',
    text: 'the certificate for people',
    file: 'where it was written',
  }

  async run(): Promise<ErasedTenant> {
    const { args, flags } = await this.parse(TenantsErase)
    const { tenant } = args
    await confirmByName({ name: tenant, consequence: `erases ${tenant} for good`, given: flags.confirm })
    const { eraseTenant } = await import('../../operations/tenant-archives.js')
    const file = resolve(flags.certificate ?? `erasure-${tenant}.json`)
    const request = { slug: tenant, confirm: tenant, keep_people: flags['keep-people'] === true }
    return this.show(await eraseTenant(await this.backups(), request, file), erasedTenantView)
  }
}
