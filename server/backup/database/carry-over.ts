import type pg from 'pg'

/** Gives a database the grants and the settings that another one has, such as those that operators gave the living one. */
export async function carryOver(client: Pick<pg.Client, 'query'>, from: string, to: string): Promise<void> {
  const { rows } = await client.query(CARRIED, [from, to])
  for (const { statement } of rows as { statement: string }[]) await client.query(statement)
}

const CARRIED = `
  select format('grant %s on database %I to %s', privilege_type, $2::text,
      case grantee when 0 then 'public' else grantee::regrole::text end) as statement
    from pg_database d, aclexplode(datacl) where datname = $1 and grantee <> datdba
  union all
  select format('alter database %I set %I to %s', $2::text, split_part(setting, '=', 1),
      quote_literal(substr(setting, strpos(setting, '=') + 1)))
    from pg_database d join pg_db_role_setting s on s.setdatabase = d.oid and s.setrole = 0, unnest(setconfig) as setting
    where datname = $1`
