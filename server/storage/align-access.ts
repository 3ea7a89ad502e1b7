import type pg from 'pg'

/**
 * Gives what no migration has to remember, read from the catalogue: vetrai_backup sees every row of every table and
 * the sequences, and where another than vetrai_owner owns the schema (a scratch database), that owner may do what
 * policies let vetrai_owner do. Safe to repeat; a role that is not there is passed over.
 */
export async function alignAccess(client: Pick<pg.Client, 'query'>): Promise<void> {
  await client.query(BACKUP_READS)
  await client.query(OWNER_ACTS)
}

// Row security binds vetrai_backup, which is no superuser: without a policy it would read nothing, and say so to nobody.
const BACKUP_READS = `
  do $$ declare t regclass; begin
    if not exists (select from pg_roles where rolname = 'vetrai_backup') then return; end if;
    if current_user <> 'vetrai_backup' then
      grant usage on schema public to vetrai_backup;
      for t in
        select oid from pg_class c
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'S')
          and pg_has_role(relowner, 'usage') and not has_table_privilege('vetrai_backup', oid, 'select')
      loop
        execute format('grant select on %s to vetrai_backup', t);
      end loop;
    end if;
    for t in
      select oid from pg_class c
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relrowsecurity
        and pg_has_role(relowner, 'usage')
        and not exists (select from pg_policy where polrelid = c.oid and polname = 'backup_read')
    loop
      execute format('create policy backup_read on %s for select to vetrai_backup using (true)', t);
    end loop;
  end $$`

const OWNER_ACTS = `
  do $$ declare p record; begin
    if current_user = 'vetrai_owner' then return; end if;
    for p in
      select polname, polrelid::regclass as of, polroles from pg_policy
      join pg_class c on c.oid = polrelid
      where relnamespace = 'public'::regnamespace and pg_has_role(relowner, 'usage')
        and to_regrole('vetrai_owner')::oid = any (polroles)
        and not (to_regrole(quote_ident(current_user))::oid = any (polroles))
    loop
      execute format('alter policy %I on %s to %s, %I', p.polname, p.of,
        (select string_agg(quote_ident(rolname), ', ') from pg_roles where oid = any (p.polroles)), current_user);
    end loop;
  end $$`
