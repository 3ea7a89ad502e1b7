import { createReadStream } from 'node:fs'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { sealedAnswers } from '../../http/idempotency.js'
import { services } from '../../services.js'
import { openRedis, untilReady } from '../../storage/redis.js'
import { openClient } from '../database/open-client.js'
import type { ToolContext } from '../tool/context.js'
import { findBackup } from '../tool/find-backup.js'
import { keys, source } from '../tool/requests.js'
import { verb } from '../tool/verb.js'
import { backupsWith } from './backups-with.js'
import { certificateText } from './certificate.js'
import { eraseTenant } from './erase-tenant.js'
import { exportTenant } from './export-tenant.js'
import { importTenant } from './import-tenant.js'
import { openSecrets } from './open-secrets.js'
import type { TenantContext } from './tenant-context.js'
import { withTenantOfBackup } from './tenant-from-backup.js'
import { livingObjects } from './tenant-objects.js'

const slug = z.string().min(1).max(100)
/** Who asked, as audit lines and certificates name them. */
const by = z.string().min(1).max(200).default('operator')
const arrival = {
  as: slug.optional(),
  conflict: z.enum(['refuse', 'merge-missing', 'replace']).default('refuse'),
  confirm: slug.optional(),
  dry_run: z.boolean().default(false),
}

/** Columns of sealed values of every service. */
const SEALED = [sealedAnswers, ...services.flatMap((service) => service.sealed ?? [])]

/** Writes an archive of a tenant to standard output. */
export const tenantExport = verb(
  z.strictObject({
    slug,
    recipients: z.array(z.string().max(200)).max(20).default([]),
    passphrase: keys.passphrase,
  }),
  async (context, { slug: name, recipients, passphrase }, output) =>
    withTenants(context, 'operator', async (tenants) => {
      const out = new PassThrough()
      const to = { recipients, ...(passphrase !== undefined && { passphrase }) }
      const exporting = exportTenant(
        { ...tenants, objects: livingObjects(tenants.objects) },
        { slug: name, to, out },
      )
      // Standard output stays open: it ends with the process.
      const [manifest] = await Promise.all([exporting, pipeline(out, output, { end: false })])
      for (const { table, column, rows, why } of manifest.left_out)
        context.talk.step(`Left out ${rows} values of ${table}.${column}: ${why}`)
      return undefined
    }),
)

/** Brings the tenant of an archive into this installation. */
export const tenantImport = verb(
  z.strictObject({ file: z.string().min(1).max(1_000), ...keys, ...arrival, by }),
  async (context, { file, identities, passphrase, as, conflict, confirm, dry_run: dryRun, by: actor }) =>
    withTenants(context, actor, (tenants) =>
      importTenant(tenants, {
        source: {
          open: () => createReadStream(file),
          keys: { identities, ...(passphrase !== undefined && { passphrase }) },
        },
        ...{ as, conflict, confirm, dryRun },
      }),
    ),
)

/** Brings one tenant of a full backup into this installation. */
export const tenantRestore = verb(
  z.strictObject({ source, ...keys, slug, ...arrival, by }),
  async (context, { slug: name, as, conflict, confirm, dry_run: dryRun, by: actor, ...request }) => {
    const { manifest, store } = await findBackup(context, request.source)
    const { VETRAI_SECRET: master, VETRAI_SECRET_PREVIOUS: previous } = context.settings
    const options = {
      ...{ store, manifest, master, previous },
      opening: context.opening(request),
      ...{ backupLogin: context.backupLogin, systemLogin: context.systemLogin },
      ...{ sealed: SEALED, slug: name, signal: context.signal },
      step: (text: string) => context.talk.step(text),
      detail: (text: string) => context.talk.detail(text),
    }
    return withTenants(context, actor, (tenants) =>
      withTenantOfBackup(options, async (archive) => ({
        backup: manifest.id,
        ...(await importTenant(tenants, { source: archive, as, conflict, confirm, dryRun })),
      })),
    )
  },
)

/** Erases a tenant and answers the certificate, also as text to print. */
export const tenantErase = verb(
  z.strictObject({ slug, confirm: slug, keep_people: z.boolean().default(false), by }),
  async (context, { slug: name, confirm, keep_people: keepPeople, by: actor }) =>
    withTenants(context, actor, async (tenants) => {
      const backups = await backupsWith(context)
      const signed = await eraseTenant(tenants, { slug: name, confirm, keepPeople, backups })
      return { ...signed, text: certificateText(signed) }
    }),
)

async function withTenants<T>(
  context: ToolContext,
  actor: string,
  work: (tenants: TenantContext) => Promise<T>,
): Promise<T> {
  const { settings, systemLogin } = context
  const redis = openRedis({
    ...{ url: settings.REDIS_URL, password: settings.REDIS_PASSWORD, name: 'vetrai-tenants' },
    onError: () => undefined,
  })
  try {
    await untilReady(redis, 1_000)
    const secrets = await openSecrets({
      login: systemLogin,
      ...{ master: settings.VETRAI_SECRET, previous: settings.VETRAI_SECRET_PREVIOUS, sealed: SEALED },
    })
    return await work({
      connectSystem: () => openClient(systemLogin),
      connectOwner: () => openClient(context.ownerLogin),
      ...{ secrets, sealed: SEALED, actor },
      objects: await context.objects(),
      redis: redis.status === 'ready' ? redis : undefined,
      step: (text) => context.talk.detail(text),
      now: () => new Date(),
    })
  } finally {
    redis.disconnect()
  }
}
