import { generateIdentity, recipientOf } from '../../deployment/age-keys.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { writeRecoveryKit } from '../../deployment/recovery-folder.js'

/** A recovery key: the identity is shown once and never stored, its recipient is kept in vetrai.yml. */
export interface RecoveryKey {
  identity: string
  recipient: string
}

/** What `backup recovery-key` answers. */
export interface RecoveryKeyResult {
  /** To be kept off this host; nobody can show it again. */
  recovery_key: string
  recipient: string
  /** True when there was another one before: it still opens the backups that were made for it. */
  replaced: boolean
}

/** Makes a key. It exists nowhere but in the answer. */
export async function makeRecoveryKey(): Promise<RecoveryKey> {
  const identity = await generateIdentity()
  return { identity, recipient: await recipientOf(identity) }
}

/**
 * Gives a deployment a new recovery key: backups from now on are sealed for it. CliError `recovery_key_exists` where there is
 * one already, unless it is to be replaced.
 */
export async function replaceRecoveryKey(
  deployment: Deployment,
  { replace }: { replace: boolean },
): Promise<RecoveryKeyResult> {
  const replaced = deployment.config.backup.recovery !== undefined
  if (replaced && !replace && !deployment.lock.recovery_unseen) throw exists()
  const { identity, recipient } = await makeRecoveryKey()
  await deployment.withLock('backup recovery-key', () =>
    deployment.journal.record('backup-recovery-key', () => useRecipient(deployment, recipient), {
      recipient,
    }),
  )
  return { recovery_key: identity, recipient, replaced }
}

/** Makes a key anew where the one that was made has never been shown: nobody has that. Undefined where there is no need. */
export async function remakeUnseenKey(deployment: Deployment): Promise<RecoveryKey | undefined> {
  if (!deployment.lock.recovery_unseen) return undefined
  const key = await makeRecoveryKey()
  await deployment.withLock('recovery key', () => useRecipient(deployment, key.recipient))
  return key
}

/** Notes that the key has been shown: from now on somebody has it. */
export async function noteKeySeen(deployment: Deployment): Promise<void> {
  if (!deployment.lock.recovery_unseen) return
  await deployment.withLock('recovery key', async () => {
    await deployment.updateLock(({ recovery_unseen: _, ...lock }) => lock)
    await writeRecoveryKit(deployment)
  })
}

async function useRecipient(deployment: Deployment, recipient: string): Promise<void> {
  // First: whatever happens next, a key that nobody has seen is known to be none.
  await deployment.updateLock((lock) => ({ ...lock, recovery_unseen: true }))
  await deployment.set('backup.recovery', recipient)
  await writeRecoveryKit(deployment)
}

function exists(): CliError {
  return new CliError({
    code: 'recovery_key_exists',
    message:
      'This deployment has a recovery key: it was printed when it was made, and cannot be shown again.',
    next: 'Where it is lost, make another for the backups to come: vetrai backup recovery-key --replace',
    exitCode: 4,
  })
}
