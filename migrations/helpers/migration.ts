import type pg from 'pg'

/** What a migration is given: one connection as vetrai_owner, inside a transaction unless `transaction` is false. */
export interface MigrationContext {
  query(sql: string, values?: unknown[]): Promise<pg.QueryResult>
}

export interface Migration {
  /** One sentence for `vetrai migrate status`. */
  about: string
  /** False only for statements that refuse to run in a transaction, e.g. `create index concurrently`, alone in their file. */
  transaction?: boolean
  up(context: MigrationContext): Promise<void>
}

/** A migration that is a list of SQL statements. It never imports a model and is final once released. */
export function sqlMigration(about: string, ...statements: string[]): Migration {
  return {
    about,
    async up({ query }) {
      for (const statement of statements) await query(statement)
    },
  }
}
