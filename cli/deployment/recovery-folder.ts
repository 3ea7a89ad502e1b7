import { chown, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { atomicWrite, ensureDirectory } from './atomic-write.js'
import type { BackupConfig, BackupTarget } from './backup-schema.js'
import type { Deployment } from './deployment.js'
import { kitRecipients, readKit, sealKit } from './recovery-kit.js'
import { type SecretName, targetSecret } from './secrets.js'

export const SETTINGS_FILE = 'settings.json'
export const KIT_FILE = 'kit.age'

/** Where whoever makes backups finds things: on this host, or inside of a container. */
export interface BackupPlaces {
  /** The default target. */
  backups: string
  secret(name: SecretName): string
}

/** Content of recovery/settings.json. Holds no secret: those are named by file. */
export interface RecoverySettings {
  version: 1
  deployment: { id: string; name: string; runtime: string }
  targets: RecoveryTarget[]
  keep: BackupConfig['keep']
  /** For whom backups are sealed, besides the deployment's own key (BACKUP_KEY). */
  recipients: string[]
  /** Recipient of the recovery key, which is among them; null where there is none. */
  recovery: string | null
  throttle_mb_s: number | null
  schedule: string | null
  drill: string | null
  time_zone: string
  notify: string
  /** Present where every change of the built-in database is archived as well. */
  wal?: true
}

/** A place that backups go to, as the program that makes them reaches it. */
export type RecoveryTarget =
  | { name: string; folder: string }
  | {
      name: string
      s3: {
        endpoint: string
        region: string
        bucket: string
        prefix: string
        access_key: string
        secret_key_file: string
      }
    }

/** What a deployment's vetrai.yml says of backups, for programs that see these places. Reads nothing, so that it is quick. */
export function recoverySettings(
  { id, name, config }: Pick<Deployment, 'id' | 'name' | 'config'>,
  places: BackupPlaces,
): RecoverySettings {
  const { backup, operator, runtime } = config
  const recipients = [...(backup.recovery === undefined ? [] : [backup.recovery]), ...backup.recipients]
  return {
    version: 1,
    deployment: { id, name, runtime },
    targets: backup.targets.map((target) => reached(target, places)),
    keep: backup.keep,
    recipients: [...new Set(recipients)],
    recovery: backup.recovery ?? null,
    throttle_mb_s: backup.throttle_mb_s ?? null,
    schedule: backup.schedule,
    drill: backup.drill,
    time_zone: backup.time_zone,
    notify: backup.notify ?? operator.email,
    ...(backup.wal && { wal: true }),
  }
}

/** What settings.json of a deployment says: for programs on this host, or for those in its containers. */
export function settingsText(deployment: Deployment): string {
  const { config, paths, secrets } = deployment
  const places =
    config.runtime === 'embedded'
      ? { backups: paths.backups, secret: (name: SecretName) => secrets.path(name) }
      : CONTAINER_PLACES
  return `${JSON.stringify(recoverySettings(deployment, places), null, 2)}\n`
}

/** Where containers find what backups are made with. */
export const CONTAINER_PLACES = {
  backups: '/data/backups',
  recovery: '/data/recovery',
  secret: (name: SecretName) => `/run/secrets/${name}`,
} as const

/**
 * Brings recovery/ to what the deployment's files say now. The kit is sealed to the backup key alone where there is no recovery
 * key; where there is neither, none is kept. Safe to repeat.
 */
export async function writeRecoveryKit(deployment: Deployment): Promise<void> {
  const { recovery } = deployment.paths
  await ensureDirectory(recovery, 0o700)
  const text = settingsText(deployment)
  // Left alone while it says the same: whoever watches it sees changes only.
  if (text !== (await readFile(join(recovery, SETTINGS_FILE), 'utf8').catch(() => undefined)))
    await write(recovery, SETTINGS_FILE, text)
  // Where secrets are lost the kit is what they come back from.
  if ((await deployment.secrets.find('master-key')) === undefined) return
  const recipients = await kitRecipients(deployment)
  if (recipients.length === 0) return
  await write(recovery, KIT_FILE, await sealKit(await readKit(deployment), recipients))
}

/** What root writes stays readable to whose folder it is: containers may run as somebody else. */
async function write(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  await atomicWrite(join(folder, name), content, 0o600)
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await stat(folder)
  await chown(join(folder, name), uid, gid)
}

function reached({ name, folder, s3 }: BackupTarget, places: BackupPlaces): RecoveryTarget {
  if (!s3) return { name, folder: folder ?? places.backups }
  return { name, s3: { ...s3, secret_key_file: places.secret(targetSecret(name)) } }
}
