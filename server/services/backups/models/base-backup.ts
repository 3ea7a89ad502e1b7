import type { Ctx } from '../../../kernel/context.js'

/** What became of base backups of the database, which the container `wal` notes (compose/postgres/wal.sh). In s since 1970. */
export interface BaseBackups {
  succeededAt: number | null
  failedAt: number | null
}

/** Reads that; all null where nothing was noted yet. Needs a system transaction. */
export async function findBaseBackups(ctx: Ctx): Promise<BaseBackups> {
  const [row] = await ctx.db.query<{ [field in keyof BaseBackups]: number | null }>({
    name: 'backups-find-base',
    text: `select (value->>'succeeded_at')::double precision as "succeededAt", (value->>'failed_at')::double precision as "failedAt"
      from installation_state where key = 'backup.base'`,
  })
  return row ?? { succeededAt: null, failedAt: null }
}
