import { readFile } from 'node:fs/promises'
import * as Flags from '@oclif/core/flags'
import type { RestoreSource } from '../operations/restore/restore-source.js'
import { usageError } from './usage-error.js'

/** Where a backup is read from, besides the targets of the deployment. */
export const sourceFlags = {
  target: Flags.string({
    description: 'target to read it from, instead of any',
    env: 'VETRAI_TARGET',
    helpValue: 'NAME',
    exclusive: ['from', 's3-endpoint'],
  }),
  from: Flags.directory({
    description: 'folder of a target whose deployment is not here, such as a mounted disk of a lost host',
    env: 'VETRAI_FROM',
    exists: true,
    exclusive: ['s3-endpoint'],
  }),
  's3-endpoint': Flags.string({
    description: 'URL of the S3 store that holds the backups of a lost host',
    env: 'VETRAI_S3_ENDPOINT',
    dependsOn: ['s3-bucket', 's3-access-key', 's3-secret-key-file'],
  }),
  's3-region': Flags.string({ description: 'its region', env: 'VETRAI_S3_REGION', default: 'us-east-1' }),
  's3-bucket': Flags.string({ description: 'its bucket', env: 'VETRAI_S3_BUCKET' }),
  's3-prefix': Flags.string({ description: 'where in the bucket', env: 'VETRAI_S3_PREFIX', default: '' }),
  's3-access-key': Flags.string({ description: 'its access key', env: 'VETRAI_S3_ACCESS_KEY' }),
  's3-secret-key-file': Flags.file({
    description: 'file that holds its secret key',
    env: 'VETRAI_S3_SECRET_KEY_FILE',
    exists: true,
  }),
}

interface SourceGiven {
  target?: string | undefined
  from?: string | undefined
  's3-endpoint'?: string | undefined
  's3-region': string
  's3-bucket'?: string | undefined
  's3-prefix': string
  's3-access-key'?: string | undefined
  's3-secret-key-file'?: string | undefined
}

const ID = /^(latest|\d{8}T\d{6}Z-[0-9a-f]{6})$/

/** The place that the flags and the one argument (an id, `latest`, or a file) mean. */
export async function sourceOf(word: string, flags: SourceGiven): Promise<RestoreSource> {
  if (!ID.test(word)) {
    if (flags.from ?? flags.target ?? flags['s3-endpoint'])
      throw usageError(`"${word}" is no id of a backup.`, 'Give an id, or `latest`.')
    return { kind: 'archive', file: word }
  }
  if (flags.from !== undefined) return { kind: 'folder', folder: flags.from, id: word }
  if (flags['s3-endpoint'] !== undefined) {
    return {
      kind: 's3',
      id: word,
      s3: {
        endpoint: flags['s3-endpoint'],
        region: flags['s3-region'],
        bucket: flags['s3-bucket'] ?? '',
        prefix: flags['s3-prefix'],
        access_key: flags['s3-access-key'] ?? '',
        secret_key: (await readFile(flags['s3-secret-key-file'] ?? '', 'utf8')).trim(),
      },
    }
  }
  return { kind: 'target', target: flags.target ?? null, id: word }
}
