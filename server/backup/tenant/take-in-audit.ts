import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { tenantPrefix } from '../../storage/object-store/tenant-prefix.js'
import type { BackupError } from '../backup-error.js'
import type { Client } from './catalogue.js'
import type { TenantContext } from './tenant-context.js'
import { tenantError } from './tenant-error.js'
import type { TenantManifest } from './tenant-manifest.js'

/**
 * What became of the audit chain of an archive: `taken`: its lines continue the chain here, or are it; `kept`: the chain
 * here goes on from it and stays; `attached`: the tenant is another, so that its lines lie beside as an object.
 */
export type ChainOutcome = 'taken' | 'kept' | 'attached'

/** Takes the lines of an archived audit chain, in the open transaction. A chain never goes back and never forks. */
export class AuditIntake {
  private attachment: { body: PassThrough; stored: Promise<unknown> } | undefined

  private constructor(
    private readonly client: Client,
    private readonly token: string,
    private readonly chain: string,
    /** Lines up to this one are here. */
    private readonly present: number,
    readonly outcome: ChainOutcome,
    readonly objectKey: string | undefined,
  ) {}

  /** Decides by the chain that is here. Throws BackupError where it is another one. */
  static async begin(
    client: Client,
    { token, chain, manifest }: { token: string; chain: string; manifest: TenantManifest },
  ): Promise<AuditIntake> {
    if (chain !== manifest.tenant.id) {
      const key = `${tenantPrefix(chain)}imports/${manifest.id}/audit-logs.jsonl`
      return new AuditIntake(client, token, chain, 0, 'attached', key)
    }
    const { lines, head } = manifest.audit
    const present = await headOf(client, chain)
    if (present < lines) return new AuditIntake(client, token, chain, present, 'taken', undefined)
    if (lines > 0 && (await hashAt(client, chain, lines)) !== head) throw forked()
    return new AuditIntake(client, token, chain, present, 'kept', undefined)
  }

  /** Takes these lines, which follow those before. */
  async add(lines: readonly string[], objects: TenantContext['objects'] | undefined): Promise<void> {
    if (this.outcome === 'kept' || lines.length === 0) return
    if (this.outcome === 'attached') {
      if (objects) await this.attach(lines, objects)
      return
    }
    const isNew = (line: string) => (JSON.parse(line) as { sequence: number }).sequence > this.present
    try {
      await this.client.query('select audit_take_in($1, $2, $3::json)', [
        this.token,
        this.chain,
        `[${lines.filter(isNew).join(',')}]`,
      ])
    } catch (error) {
      throw (error as { code?: string }).code === '23514' ? forked(error) : error
    }
  }

  /** Resolves when what is attached is stored. */
  async finish(): Promise<void> {
    this.attachment?.body.end()
    await this.attachment?.stored
  }

  /** Gives up what is being attached. */
  async abandon(): Promise<void> {
    this.attachment?.body.destroy(new Error('the import ended early'))
    await this.attachment?.stored.catch(() => undefined)
  }

  private async attach(lines: readonly string[], objects: TenantContext['objects']): Promise<void> {
    if (!this.attachment) {
      const body = new PassThrough()
      const stored = objects.put(this.objectKey ?? '', body, { contentType: 'application/x-ndjson' })
      stored.catch(() => body.destroy())
      this.attachment = { body, stored }
    }
    const { body, stored } = this.attachment
    const isRoomy = body.write(lines.map((line) => `${line}\n`).join(''))
    if (!isRoomy) await Promise.race([once(body, 'drain'), stored])
  }
}

async function headOf(client: Client, chain: string): Promise<number> {
  const { rows } = await client.query<{ head: number }>(
    'select coalesce(max(sequence), 0)::float8 as head from audit_logs where tenant_id = $1',
    [chain],
  )
  return rows[0]?.head ?? 0
}

async function hashAt(client: Client, chain: string, sequence: number): Promise<string | undefined> {
  const { rows } = await client.query<{ hash: string }>(
    `select encode(hash, 'hex') as hash from audit_logs where tenant_id = $1 and sequence = $2`,
    [chain, sequence],
  )
  return rows[0]?.hash
}

function forked(cause?: unknown): BackupError {
  return tenantError(
    'audit_forked',
    'The audit chain of this tenant here and the one in the archive tell different stories.',
    'Import it as another tenant: --as SLUG. Its chain is then kept beside, as an object.',
    cause,
  )
}
