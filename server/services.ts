import type { ServiceRecord } from './kernel/define-service.js'
import { auth } from './services/auth/index.js'
import { backups } from './services/backups/index.js'
import { installation } from './services/installation/index.js'
import { keys } from './services/keys/index.js'
import { notifications } from './services/notifications/index.js'
import { tenancy } from './services/tenancy/index.js'
import { workers } from './services/workers/index.js'

/** Every service of VetrAI; the order does not matter, each is mounted after what it needs. */
export const services: readonly ServiceRecord[] = [
  installation,
  auth,
  tenancy,
  keys,
  workers,
  notifications,
  backups,
]
