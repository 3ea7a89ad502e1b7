import { createHash, sign } from 'node:crypto'
import { signingKeyFromDer } from '../../services/auth/jwt/signing-key.js'
import { signingKeySealContext } from '../../services/auth/models/signing-key.js'
import type { Client } from './catalogue.js'
import type { TenantContext } from './tenant-context.js'

/** A backup that still has the tenant, and until when. */
export interface RemainingBackup {
  readonly target: string
  readonly id: string
  readonly created_at: string
  /** When retention removes it; null where nothing says so. */
  readonly expires_at: string | null
}

/** What an erasure did, proved. */
export interface ErasureCertificate {
  readonly certificate: 'vetrai.erasure'
  readonly version: 1
  readonly tenant: { readonly id: string; readonly slug: string }
  readonly installation: { readonly fingerprint: string; readonly version: string }
  readonly erased_at: string
  readonly erased_by: string
  readonly erased: {
    /** Rows by table. */
    readonly tables: Readonly<Record<string, number>>
    readonly rows: number
    readonly people: number
    readonly objects: { readonly count: number; readonly bytes: number }
    readonly redis_keys: number | null
  }
  /** The audit chain as it ended. */
  readonly audit: { readonly lines: number; readonly head: string | null }
  readonly remains: readonly { readonly what: string; readonly why: string; readonly until: string | null }[]
}

/** A certificate as it is handed over. */
export interface SignedCertificate {
  readonly document: ErasureCertificate
  /** SHA-256 of the document as JSON, keys in the order written; the installation's audit chain has it too. */
  readonly sha256: string
  /** JWS (RFC 7515, ES256) over the document; its key is in the header. Null where the installation has no key yet. */
  readonly jws: string | null
}

/** Signs a certificate with the key that the installation signs access tokens with at this moment. */
export async function signCertificate(
  context: Pick<TenantContext, 'secrets' | 'now'>,
  client: Client,
  document: ErasureCertificate,
): Promise<SignedCertificate> {
  const text = JSON.stringify(document)
  const sha256 = createHash('sha256').update(text).digest('hex')
  const { rows } = await client.query<{ kid: string; sealed: Buffer }>(
    `select kid, private_sealed as sealed from signing_keys where active_from <= $1 order by active_from desc limit 1`,
    [context.now()],
  )
  const [key] = rows
  if (!key) return { document, sha256, jws: null }
  const der = context.secrets.unseal(key.sealed, signingKeySealContext(key.kid))
  const { publicJwk: jwk, privateKey } = signingKeyFromDer(der, context.now())
  const header = { alg: 'ES256', kid: key.kid, jwk, typ: 'vetrai-erasure+json' }
  const signed = `${base64(JSON.stringify(header))}.${base64(text)}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return { document, sha256, jws: `${signed}.${signature.toString('base64url')}` }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64url')
}

/** The certificate for a person to read, print and file. */
export function certificateText({ document, sha256, jws }: SignedCertificate): string {
  const { tenant, erased, audit, remains } = document
  const tables = Object.entries(erased.tables).map(([table, rows]) => `  ${table.padEnd(40)} ${rows}`)
  const left = remains.map(({ what, why, until }) => `  - ${what}: ${why}${until ? `; until ${until}` : ''}`)
  return `CERTIFICATE OF ERASURE

Organisation   ${tenant.slug} (${tenant.id})
Erased at      ${document.erased_at}
Erased by      ${document.erased_by}
Installation   ${document.installation.fingerprint} (VetrAI ${document.installation.version})

Erased
  ${erased.rows} rows of the database:
${tables.join('\n')}
  ${erased.people} people who belonged to no other organisation
  ${erased.objects.count} files (${erased.objects.bytes} bytes)
  ${erased.redis_keys === null ? 'counters in Redis were not reached; they end by themselves' : `${erased.redis_keys} counters in Redis`}

The audit chain had ${audit.lines} lines and ended with ${audit.head ?? 'none'}.

What remains, and why
${left.join('\n')}

SHA-256 of the document   ${sha256}
Signature                 ${jws ? 'JWS (RFC 7515), in the JSON form of this certificate' : 'none: the installation has no signing key yet'}
`
}
