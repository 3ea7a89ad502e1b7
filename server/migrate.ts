import { copyDatabase } from './backup/database/copy-database.js'
import { dropDatabase } from './backup/database/drop-database.js'
import { swapDatabases } from './backup/database/swap-databases.js'
import { undoSwap } from './backup/database/undo-swap.js'
import { beginTrial, endTrial } from './backup/installation-rest.js'
import { readSettings } from './config/config.js'
import { migrationSettings } from './config/settings.js'
import { scrub } from './observability/logger.js'
import { bootstrapDatabase, connectAdmin } from './storage/bootstrap.js'
import { connectionParts } from './storage/database.js'
import { databaseFacts } from './storage/database-facts.js'
import { schemaVersion } from './storage/known-migrations.js'
import { connectOwner, migrateUp, migrationStates } from './storage/migrations.js'
import { trySignIns } from './storage/sign-in.js'

const VERBS =
  'bootstrap|up|status|sign-in|facts|trial|end-trial|copy NEXT|swap NEXT BEFORE|swap-back NEXT BEFORE|drop NAME'

const ON_TRIAL = 'A new version of this service is being tried. It will be back shortly.'

/** The one-off program `migrate VERB`: one JSON document on stdout, words on stderr, exit 0 or 1. */
async function main(command: string | undefined, names: string[]): Promise<unknown> {
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
  if (command === 'facts') return databaseFacts(config.DATABASE_URL, config.DATABASE_OWNER_PASSWORD)
  const owner = { url: config.DATABASE_URL, role: 'vetrai_owner', password: config.DATABASE_OWNER_PASSWORD }
  if (command === 'trial') return beginTrial(owner, ON_TRIAL)
  if (command === 'end-trial') return endTrial(owner).then(() => ({ trial: false }))
  if (isExchange(command)) return exchange(command, names, config)
  if (command !== 'up' && command !== 'status') throw new Error(`usage: migrate ${VERBS}`)
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

const EXCHANGES = ['copy', 'swap', 'swap-back', 'drop'] as const

function isExchange(command: string | undefined): command is (typeof EXCHANGES)[number] {
  return EXCHANGES.some((verb) => verb === command)
}

/** What an upgrade does with whole databases, as the superuser. */
async function exchange(
  verb: (typeof EXCHANGES)[number],
  [first, second]: string[],
  config: ReturnType<typeof readSettings<typeof migrationSettings>>,
): Promise<unknown> {
  if (!first || (verb.startsWith('swap') && !second)) throw new Error(`usage: migrate ${VERBS}`)
  const { url, role, password } = adminOf(config)
  // Where its password is being changed, this is the one that holds from here on.
  await (
    await connectAdmin({
      url,
      adminUser: role,
      adminPassword: password,
      previousAdminPassword: config.DATABASE_ADMIN_PASSWORD_PREVIOUS,
    })
  ).end()
  const login = { url, role, password }
  const live = connectionParts(url).database
  if (live === first || live === second) throw new Error(`${live} is the database in use`)
  if (verb === 'copy') await copyDatabase({ login, from: live, to: first })
  else if (verb === 'swap') await swapDatabases({ login, live, next: first, before: second ?? '' })
  else if (verb === 'swap-back') await undoSwap({ login, live, next: first, before: second ?? '' })
  else await dropDatabase({ login, name: first })
  return { done: verb }
}

function adminOf(config: ReturnType<typeof readSettings<typeof migrationSettings>>) {
  return {
    url: config.DATABASE_URL,
    role: config.DATABASE_ADMIN_USER,
    password: config.DATABASE_ADMIN_PASSWORD,
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
  process.stdout.write(`${JSON.stringify(await main(process.argv[2], process.argv.slice(3)))}\n`)
} catch (error) {
  say(scrub(error instanceof Error ? error.message : String(error)))
  process.exitCode = 1
}
