import { randomBytes } from 'node:crypto'
import type { SealedColumn } from '../../kernel/sealed-column.js'
import { Secrets } from '../../kernel/secrets.js'
import { masterKeyOf, unwrapKey, wrapKey } from '../../kernel/wrap-key.js'
import type { Database } from '../database.js'
import { lockInstallationKeys, lockRoot, readRoot, storeRoot } from './rows.js'
import { readSealed } from './sealed-values.js'

/** The root key's name in its wrapping. */
const NAME = 'installation-key:root'
/** Values that are looked at, of each column, to tell whether a master secret is the right one. */
const SAMPLE = 50

export interface OpenRootOptions {
  db: Database
  /** VETRAI_SECRET: the root key is wrapped by it when this returns. */
  master: string
  /** VETRAI_SECRET_PREVIOUS. */
  previous: string | undefined
  /** Every column of sealed values of the installation. */
  sealed: readonly SealedColumn[]
}

/** The database was made with another master secret; the process must not start. */
export class WrongMasterSecret extends Error {
  override readonly name = 'WrongMasterSecret'
  constructor() {
    super(
      'VETRAI_SECRET is not the master secret that this database is used with. Nothing was changed. Put the right one back; ' +
        'where it was replaced, give the one before as VETRAI_SECRET_PREVIOUS.',
    )
  }
}

/**
 * The root key of the installation. Opens it with the master secret, else with the previous one and then wraps it by the
 * master, in one transaction that one process at a time is in; throws WrongMasterSecret where neither opens it. Only a
 * database that was never used gets a new root key; one from before keys were wrapped has its master secret as that.
 */
export async function openRootKey(options: OpenRootOptions): Promise<Buffer> {
  const { db, master } = options
  const root = unwrap(master, (await readRoot(db))?.wrapped)
  return root ?? db.transaction({ role: 'system', tenantId: null }, () => settleRoot(options))
}

async function settleRoot(options: OpenRootOptions): Promise<Buffer> {
  const { db, master, previous } = options
  await lockInstallationKeys(db)
  const stored = await lockRoot(db)
  // Whoever was here before may have done it.
  const opened = unwrap(master, stored?.wrapped)
  if (opened) return opened
  const root = stored?.wrapped
    ? unwrap(previous, stored.wrapped)
    : await firstRoot(options, stored !== undefined)
  if (!root) throw new WrongMasterSecret()
  const by = masterKeyOf(master)
  await storeRoot(db, wrapKey(by.key, root, NAME), by.id)
  return root
}

function unwrap(master: string | undefined, wrapped: Buffer | null | undefined): Buffer | null {
  return master && wrapped ? unwrapKey(masterKeyOf(master).key, wrapped, NAME) : null
}

/** The root key of a database that has none wrapped: a new one, or the master secret that it was used with. */
async function firstRoot({ db, master, previous, sealed }: OpenRootOptions, isUsed: boolean) {
  const samples = await sampleOf(db, sealed)
  if (!isUsed && samples.length === 0) return randomBytes(32)
  const candidates = [master, previous].filter((one) => one !== undefined)
  const proven = candidates.find((one) => samples.length === 0 || samples.some((opens) => opens(one)))
  return proven === undefined ? null : Buffer.from(proven, 'hex')
}

/** Checks of a master secret, one for each sealed value looked at. */
async function sampleOf(
  db: Database,
  columns: readonly SealedColumn[],
): Promise<((master: string) => boolean)[]> {
  const checks: ((master: string) => boolean)[] = []
  for (const column of columns) {
    for (const { row, sealed } of await readSealed(db, column, { limit: SAMPLE })) {
      checks.push((master) => opens(new Secrets(master), sealed, column.context(row)))
    }
  }
  return checks
}

function opens(secrets: Secrets, sealed: Buffer, context: string): boolean {
  try {
    secrets.unseal(sealed, context)
    return true
  } catch {
    return false
  }
}
