import { readSettings } from './config/config.js'
import { migrationSettings } from './config/settings.js'
import { scrub } from './observability/logger.js'
import { bootstrapDatabase } from './storage/bootstrap.js'
import { schemaVersion } from './storage/known-migrations.js'
import { connectOwner, migrateUp, migrationStates } from './storage/migrations.js'
import { trySignIns } from './storage/sign-in.js'

/** The one-off program `migrate bootstrap|up|status|sign-in`: one JSON document on stdout, words on stderr, exit 0 or 1. */
async function main(command: string | undefined): Promise<unknown> {
  const config = readSettings(migrationSettings, process.env)
  if (command === 'bootstrap') {
    await bootstrapDatabase({
      url: config.DATABASE_URL,
      adminUser: config.DATABASE_ADMIN_USER,
      adminPassword: config.DATABASE_ADMIN_PASSWORD,
      previousAdminPassword: config.DATABASE_ADMIN_PASSWORD_PREVIOUS,
      ownerPassword: config.DATABASE_OWNER_PASSWORD,
      appPassword: config.DATABASE_APP_PASSWORD,
      systemPassword: config.DATABASE_SYSTEM_PASSWORD,
      monitorPassword: config.DATABASE_MONITOR_PASSWORD,
      backupPassword: config.DATABASE_BACKUP_PASSWORD,
    })
    return { bootstrapped: true }
  }
  if (command === 'sign-in') return { roles: await trySignIns(config.DATABASE_URL, rolesOf(config)) }
  if (command !== 'up' && command !== 'status') throw new Error('usage: migrate bootstrap|up|status|sign-in')
  const client = await connectOwner(config.DATABASE_URL, config.DATABASE_OWNER_PASSWORD)
  try {
    const applied =
      command === 'up' ? await migrateUp(client, { onStep: (name) => say(`applying ${name}`) }) : []
    const migrations = await migrationStates(client)
    const version = schemaVersion(migrations.filter((m) => m.applied_at !== null).map((m) => m.name))
    return command === 'up' ? { applied, schema_version: version } : { migrations, schema_version: version }
  } finally {
    await client.end()
  }
}

/** Roles whose password is given; the superuser's may be known to nobody but the operator. */
function rolesOf(config: ReturnType<typeof readSettings<typeof migrationSettings>>) {
  const { DATABASE_ADMIN_USER: admin, DATABASE_ADMIN_PASSWORD: adminPassword } = config
  const backupPassword = config.DATABASE_BACKUP_PASSWORD
  const known = [
    { role: 'vetrai_owner', password: config.DATABASE_OWNER_PASSWORD },
    { role: 'vetrai_app', password: config.DATABASE_APP_PASSWORD },
    { role: 'vetrai_system', password: config.DATABASE_SYSTEM_PASSWORD },
    ...(backupPassword ? [{ role: 'vetrai_backup', password: backupPassword }] : []),
  ]
  return adminPassword ? [{ role: admin, password: adminPassword, database: 'postgres' }, ...known] : known
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

try {
  process.stdout.write(`${JSON.stringify(await main(process.argv[2]))}\n`)
} catch (error) {
  say(scrub(error instanceof Error ? error.message : String(error)))
  process.exitCode = 1
}
