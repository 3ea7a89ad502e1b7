import { hkdfSync } from 'node:crypto'
import { CliError } from '../../deployment/errors.js'
import { openApi } from '../open-api.js'
import { readInstallationKeys } from './installation-keys.js'
import type { FileSecret } from './secret-record.js'

/** Wraps the root key in the database. The server opens it with the other value where it has to, and wraps it anew. */
export const masterKey: FileSecret = {
  kind: 'file',
  name: 'master-key',
  about: 'wraps the key that every hash and sealed value of the database hangs on',
  isUsed: () => true,
  inStore: false,
  verify: async ({ deployment }) => {
    const { master } = await readInstallationKeys(await openApi(deployment))
    if (master.id === masterKeyId(await deployment.secret('master-key'))) return
    throw new CliError({
      code: 'master_key_unused',
      message: 'The root key is not wrapped by the new master key.',
      next: 'Read what the server says: vetrai logs server',
    })
  },
}

/** What the server calls a master key by: tells keys apart and gives nothing away. */
export function masterKeyId(key: string): string {
  const id = hkdfSync('sha256', Buffer.from(key, 'hex'), 'vetrai', 'vetrai/v1/master-id', 8)
  return Buffer.from(id).toString('hex')
}
