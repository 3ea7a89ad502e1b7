import { type Config, ConfigError } from '../../config/config.js'
import { createFileObjectStore } from './file-driver.js'
import type { ObjectStore } from './object-store.js'
import { createS3ObjectStore } from './s3-driver.js'

/** The settings that say where objects are. */
export type ObjectStoreConfig = Pick<
  Config,
  | 'OBJECT_STORE'
  | 'OBJECT_STORE_PATH'
  | 'VETRAI_PUBLIC_URL'
  | 'S3_ENDPOINT'
  | 'S3_PUBLIC_ENDPOINT'
  | 'S3_REGION'
  | 'S3_BUCKET'
  | 'S3_ACCESS_KEY'
  | 'S3_SECRET_KEY'
>

/** Opens the store that the settings name; `linkSecret` signs its links where it signs them itself. */
export function openObjectStore(config: ObjectStoreConfig, linkSecret: string): ObjectStore {
  const {
    S3_ENDPOINT: endpoint,
    S3_BUCKET: bucket,
    S3_ACCESS_KEY: accessKey,
    S3_SECRET_KEY: secretKey,
  } = config
  if (config.OBJECT_STORE === 'file') {
    return createFileObjectStore({
      path: config.OBJECT_STORE_PATH,
      baseUrl: `${config.VETRAI_PUBLIC_URL ?? ''}/objects/v1`,
      secret: linkSecret,
    })
  }
  if (!endpoint || !bucket || !accessKey || !secretKey) {
    throw new ConfigError(['OBJECT_STORE=s3 needs S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY'])
  }
  return createS3ObjectStore({
    ...{ endpoint, bucket, accessKey, secretKey },
    region: config.S3_REGION,
    publicEndpoint: config.S3_PUBLIC_ENDPOINT,
  })
}
