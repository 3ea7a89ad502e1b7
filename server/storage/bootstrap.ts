import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import pg from 'pg'
import { connectionParts } from './database.js'

/** How to reach a PostgreSQL as its superuser. */
export interface AdminSignIn {
  url: string
  adminUser: string
  adminPassword?: string | undefined
  /** What the superuser's password was; where only this one is accepted, it is replaced by `adminPassword`. */
  previousAdminPassword?: string | undefined
}

export interface BootstrapOptions extends AdminSignIn {
  ownerPassword: string
  appPassword: string
  systemPassword: string
  /** Without it there need be no role that monitors. */
  monitorPassword?: string | undefined
  /** Without it the role that makes backups is left as it is. */
  backupPassword?: string | undefined
}

/** As many as a backup and a drill at the same time want, so that they cannot starve the server. */
const BACKUP_CONNECTIONS = 12

/**
 * Creates or aligns the roles and the database. Safe to repeat. Passwords reach the server as SCRAM
 * verifiers only (RFC 5802), so that none can show up in its log.
 */
export async function bootstrapDatabase(options: BootstrapOptions): Promise<void> {
  const { database } = connectionParts(options.url)
  const admin = await connectAdmin(options)
  try {
    await alignRole(admin, 'vetrai_owner', options.ownerPassword)
    await alignRole(admin, 'vetrai_app', options.appPassword)
    await alignRole(admin, 'vetrai_system', options.systemPassword)
    const known = await admin.query('select 1 from pg_database where datname = $1', [database])
    if (known.rowCount === 0) {
      await admin.query(`create database ${pg.escapeIdentifier(database)} owner vetrai_owner`)
    }
    await admin.query(`revoke all on database ${pg.escapeIdentifier(database)} from public`)
    await admin.query(
      `grant connect on database ${pg.escapeIdentifier(database)} to vetrai_app, vetrai_system`,
    )
    if (options.monitorPassword !== undefined) await alignMonitor(admin, database, options.monitorPassword)
    if (options.backupPassword !== undefined) await alignBackup(admin, database, options.backupPassword)
  } finally {
    await admin.end()
  }
}

/** A role that sees the figures and settings of the server, and no row of any table. */
async function alignMonitor(admin: pg.Client, database: string, password: string): Promise<void> {
  await alignRole(admin, 'vetrai_monitor', password)
  await admin.query('alter role vetrai_monitor connection limit 5')
  await admin.query('grant pg_monitor to vetrai_monitor')
  await admin.query(`grant connect on database ${pg.escapeIdentifier(database)} to vetrai_monitor`)
}

/** A role that reads every row and makes databases of its own, in which backups are proved; `migrateUp` lets it read. */
async function alignBackup(admin: pg.Client, database: string, password: string): Promise<void> {
  await alignRole(admin, 'vetrai_backup', password)
  await admin.query(`alter role vetrai_backup createdb connection limit ${BACKUP_CONNECTIONS}`)
  await admin.query(`grant connect on database ${pg.escapeIdentifier(database)} to vetrai_backup`)
}

/** Connects as the superuser, whose password is the present one once this returns. */
export async function connectAdmin(options: AdminSignIn): Promise<pg.Client> {
  const { adminUser, adminPassword, previousAdminPassword } = options
  try {
    return await connectWith(options, adminPassword)
  } catch (error) {
    const isRefused = (error as { code?: string }).code === '28P01'
    if (!isRefused || adminPassword === undefined || previousAdminPassword === undefined) throw error
  }
  const admin = await connectWith(options, previousAdminPassword)
  await admin.query(`alter role ${pg.escapeIdentifier(adminUser)} password '${scramVerifier(adminPassword)}'`)
  return admin
}

async function connectWith({ url, adminUser: user }: AdminSignIn, password: string | undefined) {
  const { host, port } = connectionParts(url)
  const admin = new pg.Client({ host, port, database: 'postgres', user, password })
  await admin.connect()
  return admin
}

async function alignRole(admin: pg.Client, role: string, password: string): Promise<void> {
  const known = await admin.query('select 1 from pg_roles where rolname = $1', [role])
  const verb = known.rowCount === 0 ? 'create' : 'alter'
  await admin.query(
    `${verb} role ${role} login nosuperuser nocreatedb nocreaterole nobypassrls noreplication
     password '${scramVerifier(password)}'`,
  )
}

/** SCRAM-SHA-256 verifier as PostgreSQL stores it. */
function scramVerifier(password: string): string {
  const iterations = 4096
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  const storedKey = createHash('sha256').update(clientKey).digest('base64')
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}
