import type { Database, Statement } from '../database.js'

const ROOT = 0

/** The root key as stored: wrapped by a master secret, or (from before keys were wrapped) that secret itself. */
export interface StoredRoot extends Record<string, unknown> {
  wrapped: Buffer | null
  /** Id of the master secret that wraps it. */
  wrappedBy: string | null
  wrappedAt: Date
  createdAt: Date
}

/** A data key as stored. */
export interface StoredDataKey extends Record<string, unknown> {
  id: number
  wrapped: Buffer
  activeFrom: Date
  /** Milliseconds by the database's clock until values are sealed with it; negative once they are. */
  dueMs: number
  createdAt: Date
  resealedAt: Date | null
}

const READ_ROOT = `select wrapped, wrapped_by as "wrappedBy", updated_at as "wrappedAt", created_at as "createdAt"
  from installation_keys where id = ${ROOT}`

const DATA_KEYS: Statement = {
  name: 'installation-keys-data',
  text: `select id, wrapped, active_from as "activeFrom", created_at as "createdAt", resealed_at as "resealedAt",
      (extract(epoch from active_from - clock_timestamp()) * 1000)::float8 as "dueMs"
    from installation_keys where id > ${ROOT} order by id`,
}

/** Waits until no other process changes installation keys; until the end of the open transaction none does. */
export async function lockInstallationKeys(db: Database): Promise<void> {
  await db.query({ text: "select pg_advisory_xact_lock(hashtext('vetrai.installation_keys'))" })
}

/** The root key, outside any transaction. */
export async function readRoot(db: Database): Promise<StoredRoot | undefined> {
  const [root] = await db.readSystem<StoredRoot>({ text: READ_ROOT })
  return root
}

/** The root key, locked. */
export async function lockRoot(db: Database): Promise<StoredRoot | undefined> {
  const [root] = await db.query<StoredRoot>({ text: `${READ_ROOT} for update` })
  return root
}

/** Stores the root key as it is wrapped now. */
export async function storeRoot(db: Database, wrapped: Buffer, wrappedBy: string): Promise<void> {
  await db.execute({
    text: `insert into installation_keys (id, wrapped, wrapped_by) values (${ROOT}, $1, $2)
      on conflict (id) do update set wrapped = excluded.wrapped, wrapped_by = excluded.wrapped_by`,
    values: [wrapped, wrappedBy],
  })
}

/** Every data key, oldest first, outside any transaction. */
export function readDataKeys(db: Database): Promise<StoredDataKey[]> {
  return db.readSystem<StoredDataKey>(DATA_KEYS)
}

/** Every data key, oldest first. Needs a system transaction. */
export function findDataKeys(db: Database): Promise<StoredDataKey[]> {
  return db.query<StoredDataKey>(DATA_KEYS)
}

/** Adds a data key, which seals after `leadMs`. Needs a system transaction. */
export async function insertDataKey(
  db: Database,
  { id, wrapped, leadMs }: { id: number; wrapped: Buffer; leadMs: number },
): Promise<void> {
  await db.execute({
    text: `insert into installation_keys (id, wrapped, active_from)
      values ($1, $2, clock_timestamp() + make_interval(secs => $3))`,
    values: [id, wrapped, leadMs / 1_000],
  })
}

/** Notes that nothing is sealed with an older key. Needs a system transaction. */
export async function markResealed(db: Database, id: number): Promise<void> {
  await db.execute({
    text: 'update installation_keys set resealed_at = now() where id = $1 and resealed_at is null',
    values: [id],
  })
}

/** Removes data keys older than this one. Needs a system transaction. */
export async function deleteDataKeysBefore(db: Database, id: number): Promise<number[]> {
  const rows = await db.query<{ id: number }>({
    text: `delete from installation_keys where id > ${ROOT} and id < $1 returning id`,
    values: [id],
  })
  return rows.map((row) => row.id)
}
