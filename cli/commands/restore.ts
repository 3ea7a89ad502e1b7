import * as Flags from '@oclif/core/flags'
import { keyFilesOf, keyFlags } from '../base/backup-flags.js'
import { confirmByName } from '../base/confirm.js'
import { DeploymentCommand } from '../base/deployment-command.js'
import { OPTIONAL } from '../base/docs.js'
import { confirmFlag, optionalArg } from '../base/flags.js'
import { given } from '../base/given.js'
import { originFlag } from '../base/origin-flag.js'
import { sourceFlags, sourceOf } from '../base/restore-flags.js'
import { arrivalFlags, arrivalOf } from '../base/tenant-archive-docs.js'
import { usageError } from '../base/usage-error.js'
import type { PlannedRestore, RestoreResult } from '../operations/restore/restore.js'
import type { ImportedTenant } from '../operations/tenant-archives.js'
import type { RestoredTo } from '../runtimes/runtime.js'
import { restoredToView } from '../views/point-in-time-views.js'
import { plannedRestoreView, restoredView } from '../views/restore-views.js'
import { importedTenantView } from '../views/tenant-archive-views.js'

type TenantFlags = Parameters<typeof sourceOf>[1] &
  Parameters<typeof keyFilesOf>[0] &
  Parameters<typeof arrivalOf>[0]

export default class Restore extends DeploymentCommand {
  static override summary = 'put a backup in the place of the data, or make a deployment out of it'
  static override description =
    'Where there is a deployment, its data gives way: a backup of it is made first, the other is loaded beside it while it goes on serving, and takes its place in a moment of rest. Its configuration stays. Where there is none, one is made with the configuration and secrets of the backup, in any directory, on any host, with either runtime; cut short, it goes on by the same command. Whatever fails before the server is ready has everything as it was, and a command that was cut off is settled by the next `vetrai up`. A backup of an earlier version is brought to this one. With --at instead of a backup the built-in database alone goes back to a point in time, out of the archive that `backup.wal` keeps (compose), in a new volume; what was there stays in its own, and uploaded files stay as they are.'
  static override args = { backup: optionalArg('id of a backup, `latest`, or a downloaded file') }
  static override flags = {
    ...sourceFlags,
    ...keyFlags,
    at: Flags.string({
      description: 'point in time to bring the database back to, with its zone; see: vetrai backup window',
      env: 'VETRAI_AT',
      helpValue: 'TIME',
    }),
    'from-deployment': { ...originFlag, dependsOn: ['at'] },
    tenant: Flags.string({
      description: 'bring in this tenant only, beside the others, which go on',
      env: 'VETRAI_TENANT',
      helpValue: 'SLUG',
    }),
    as: { ...arrivalFlags.as, dependsOn: ['tenant'] },
    conflict: arrivalFlags.conflict,
    confirm: confirmFlag('the name of the deployment, or the slug of the tenant, whose data gives way'),
    'dry-run': Flags.boolean({
      description: 'read the whole backup and say what would be done, and do nothing',
      env: 'VETRAI_DRY_RUN',
    }),
    safety: Flags.boolean({
      description: 'back up what is there first; not with --no-safety',
      env: 'VETRAI_SAFETY',
      default: true,
      allowNo: true,
    }),
    'keep-old': Flags.boolean({
      description: 'keep the database that gave way, under another name',
      env: 'VETRAI_KEEP_OLD',
    }),
    maintenance: Flags.boolean({
      description: 'leave the deployment in maintenance, until `vetrai maintenance off`',
      env: 'VETRAI_MAINTENANCE',
    }),
    name: Flags.string({ description: 'name of the new deployment', env: 'VETRAI_NAME' }),
    runtime: Flags.option({ options: ['embedded', 'compose'] as const })({
      description: 'how the new deployment runs, where otherwise than before',
      env: 'VETRAI_RUNTIME',
    }),
    objects: Flags.option({ options: ['file', 'built-in'] as const })({
      description: 'where the new deployment keeps objects; built-in is a store of its own (compose)',
      env: 'VETRAI_OBJECTS_STORE',
    }),
    port: Flags.integer({
      description: 'port of the new deployment',
      env: 'VETRAI_PORT',
      min: 1,
      max: 65_535,
    }),
    domain: Flags.string({ description: 'domain of the new deployment', env: 'VETRAI_DOMAIN' }),
    'public-url': Flags.string({ description: 'URL that people reach it by', env: 'VETRAI_PUBLIC_URL' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> latest --confirm shop',
    '<%= config.bin %> <%= command.id %> shop.tar --identity-file recovery.key --dir /srv/vetrai',
    '<%= config.bin %> <%= command.id %> latest --from /mnt/backups --identity-file recovery.key --runtime compose --domain api.example.com --json',
    '<%= config.bin %> <%= command.id %> 20261126T031500Z-1a2b3c --dry-run',
    '<%= config.bin %> <%= command.id %> latest --tenant acme --conflict replace --confirm acme',
    '<%= config.bin %> <%= command.id %> --at 2026-11-26T10:00:00Z --confirm shop',
    '<%= config.bin %> <%= command.id %> --at 2026-11-26T10:00:00Z --from-deployment 0123456789abcdef --confirm shop',
  ]
  static override jsonDoc = {
    backup: 'what the backup says of itself, as `vetrai backup info` does',
    from: 'where it was read from',
    dir: 'directory of the deployment',
    name: 'its name',
    runtime: 'its runtime',
    creates: 'true where there was no deployment before',
    replaces: 'true where data gave way',
    pending_migrations: `list of migrations that bring it to this version (with --dry-run); ${OPTIONAL}`,
    url: 'URL of the API',
    rows: 'rows that were restored',
    safety_backup: 'id of the backup of what was there; null without one',
    kept_database: 'name under which the database from before is kept; null where it was removed',
    maintenance: 'true where it was left in maintenance',
    duration_s: 'seconds that it took',
    at: `only with --at, and then instead of the others: the time asked for; ${OPTIONAL}`,
    reached: `with --at: when the last transaction that is there was committed; null where none came after the base backup; ${OPTIONAL}`,
    base_backup: `with --at: label of the base backup it began with; ${OPTIONAL}`,
    volume: `with --at: volume that holds the database now; ${OPTIONAL}`,
    kept_volume: `with --at: volume with the data as it was before; ${OPTIONAL}`,
  }

  async run(): Promise<
    RestoreResult | RestoredTo | ImportedTenant | (PlannedRestore & { pending_migrations: string[] })
  > {
    const { args, flags } = await this.parse(Restore)
    if (flags.at !== undefined && (args.backup !== undefined || flags['dry-run']))
      throw usageError('--at takes neither a backup nor --dry-run.', 'Leave one of them out.')
    if (flags.at !== undefined) return this.restoreTo(flags.at, flags)
    if (args.backup === undefined)
      throw usageError('What is to be restored?', 'Name a backup, `latest` or a file, or give --at TIME.')
    if (flags.tenant !== undefined) return this.restoreTenant(flags.tenant, args.backup, flags)
    const [{ planRestore }, { readKeys }] = await Promise.all([
      import('../operations/restore/restore.js'),
      import('../operations/backup/read-keys.js'),
    ])
    const restore = await planRestore({
      dir: this.deploymentDir,
      source: await sourceOf(args.backup, flags),
      keys: await readKeys(keyFilesOf(flags)),
      changes: given({
        name: flags.name,
        runtime: flags.runtime,
        objects: flags.objects,
        port: flags.port,
        domain: flags.domain,
        publicUrl: flags['public-url'],
      }),
      safety: flags.safety,
      keepOld: flags['keep-old'] === true,
      rests: flags.maintenance === true,
      progress: this.progress,
    })
    if (flags['dry-run']) {
      const { pending_migrations } = await restore.check()
      return this.show({ ...restore.plan, pending_migrations }, plannedRestoreView)
    }
    if (restore.plan.replaces) {
      await confirmByName({
        name: restore.plan.name,
        consequence: `replaces the data of ${restore.plan.name} by that of ${restore.plan.backup.created_at}`,
        given: flags.confirm,
      })
    }
    return this.show(await restore.run(), restoredView)
  }
  private async restoreTenant(slug: string, backup: string, flags: TenantFlags): Promise<ImportedTenant> {
    const [{ restoreTenant }, { readKeys }] = await Promise.all([
      import('../operations/tenant-archives.js'),
      import('../operations/backup/read-keys.js'),
    ])
    const deployment = await this.deployment()
    const context = { deployment, runtime: await this.runtime(deployment), progress: this.progress }
    const from = { source: await sourceOf(backup, flags), slug, keys: await readKeys(keyFilesOf(flags)) }
    return this.show(await restoreTenant(context, from, arrivalOf(flags)), importedTenantView)
  }

  private async restoreTo(
    at: string,
    {
      confirm,
      'from-deployment': of,
    }: { confirm?: string | undefined; 'from-deployment'?: string | undefined },
  ): Promise<RestoredTo> {
    const { pointInTime, readTime } = await import('../operations/point-in-time.js')
    const time = readTime(at)
    const deployment = await this.deployment()
    const able = pointInTime(await this.runtime(deployment))
    await confirmByName({
      name: deployment.name,
      consequence:
        of === undefined
          ? `takes back every change of the database after ${time.toISOString()}`
          : `puts the database of the deployment ${of} as it was at ${time.toISOString()} in the place of this one's`,
      given: confirm,
    })
    return this.show(await able.restoreTo(deployment, time, this.progress, of), restoredToView)
  }
}
