import type { Deployment } from '../../deployment/deployment.js'
import type { SecretName } from '../../deployment/secrets.js'
import { acceptsPassword, roleOfSecret } from '../database-roles.js'
import { repairRoles } from '../migrate-database.js'
import type { Progress, SecretPhase } from '../runtime.js'
import { type SecretStore, tellStore } from '../secret-store.js'
import { embeddedMigrator } from './migrate.js'
import type { ProgramPaths } from './program-paths.js'
import { probeRedis, redisCommand } from './redis-commands.js'
import { storeAddresses } from './store-folder.js'

/** `Runtime.applySecret` of the embedded runtime. */
export async function applySecret(
  deployment: Deployment,
  programs: ProgramPaths,
  what: { name: SecretName; phase: SecretPhase },
  progress: Progress,
): Promise<void> {
  const store = await storeOf(deployment, programs, what.name)
  if (store) await tellStore(deployment, store, what, progress)
}

async function storeOf(
  deployment: Deployment,
  programs: ProgramPaths,
  name: SecretName,
): Promise<SecretStore | undefined> {
  if (name === 'redis-password') return deployment.config.redis.url ? undefined : redisStore(deployment)
  const role = roleOfSecret(deployment, name)
  if (!role) return undefined
  const addresses = await storeAddresses(deployment)
  const url = deployment.config.database.url ?? addresses.databaseUrl ?? ''
  const align = async () => repairRoles(deployment, await embeddedMigrator(deployment, programs, addresses))
  return {
    title: role.role,
    accepts: (value) => acceptsPassword(url, role, value),
    admit: align,
    retire: align,
  }
}

/** Redis keeps several passwords for a user. */
function redisStore({ lock }: Deployment): SecretStore {
  const signIn = (password: string) => ({ host: '127.0.0.1', port: lock.ports.redis ?? 0, password })
  return {
    title: 'redis',
    accepts: (value) => probeRedis(signIn(value)),
    admit: async (present, previous = '') => {
      await redisCommand(signIn(previous), ['ACL', 'SETUSER', 'default', `>${present}`])
    },
    retire: async (present) => {
      // By both: CONFIG SET does nothing where it has that very value, and ACL SETUSER does not tell CONFIG.
      await redisCommand(signIn(present), ['ACL', 'SETUSER', 'default', 'resetpass', `>${present}`])
      await redisCommand(signIn(present), ['CONFIG', 'SET', 'requirepass', present])
    },
  }
}
