import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { atomicWrite, ensureDirectory } from '../../deployment/atomic-write.js'
import type { Deployment } from '../../deployment/deployment.js'
import { isSystemError } from '../../deployment/errors.js'

/** The password all demo people share: made once, kept beside the secrets with mode 0600. */
export async function demoPassword(
  deployment: Deployment,
): Promise<{ password: string; passwordFile: string }> {
  const passwordFile = join(deployment.paths.secrets, 'demo-password')
  const kept = await readFile(passwordFile, 'utf8').catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return ''
    throw error
  })
  if (kept.trim()) return { password: kept.trim(), passwordFile }

  const password = randomBytes(18).toString('base64url')
  await ensureDirectory(deployment.paths.secrets, 0o700)
  await atomicWrite(passwordFile, `${password}\n`, 0o600)
  return { password, passwordFile }
}
