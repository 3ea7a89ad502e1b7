import { stat } from 'node:fs/promises'
import type { Deployment } from '../../deployment/deployment.js'
import { rotatingSecrets } from '../../deployment/rotating-secret.js'
import { isUsed, secretRecords } from './records.js'
import { rotationHistory } from './rotation-history.js'
import type { SecretRecord } from './secret-record.js'

/** A secret as it is shown: everything but its value. */
export interface ListedSecret {
  name: string
  about: string
  /** Whether this deployment uses it. */
  used: boolean
  /** `vetrai secrets rotate` replaces it, or how else it is replaced. */
  rotate: string
  /** Octal mode of its file; null without one. */
  mode: string | null
  /** When its file was written. */
  changed_at: string | null
  /** When it was last rotated by this command line. */
  rotated_at: string | null
  /** Whether a rotation has begun and is not settled: then the value before is kept too. */
  previous_kept: boolean
}

/** Every secret of a deployment, running or not. Values are never read. */
export async function listSecrets(deployment: Deployment): Promise<{ secrets: ListedSecret[] }> {
  const [history, rotating] = await Promise.all([
    rotationHistory(deployment.journal),
    rotatingSecrets(deployment.secrets),
  ])
  const secrets = await Promise.all(
    secretRecords(deployment.config).map(async (record) => ({
      ...aboutOf(record, deployment),
      ...(await fileOf(record, deployment)),
      rotated_at: history.get(record.name)?.rotatedAt ?? null,
      previous_kept: rotating.some((name) => name === record.name),
    })),
  )
  return { secrets }
}

function aboutOf(record: SecretRecord, { config }: Deployment) {
  const { name, about } = record
  const rotate = record.kind === 'given' ? record.how : `vetrai secrets rotate ${name}`
  return { name, about, used: isUsed(record, config), rotate }
}

async function fileOf(record: SecretRecord, { secrets }: Deployment) {
  const found =
    record.kind === 'server' ? undefined : await stat(secrets.path(record.name)).catch(() => undefined)
  if (!found) return { mode: null, changed_at: null }
  return {
    mode: (found.mode & 0o7777).toString(8).padStart(4, '0'),
    changed_at: found.mtime.toISOString(),
  }
}
