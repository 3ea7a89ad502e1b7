import { sqlMigration } from './helpers/migration.js'

/**
 * A tenant's audit chain goes out with the tenant that is erased, and comes back with one that is imported. Both need a
 * permit that only vetrai_owner can write: the roles that serve requests still cannot change or remove a line.
 */
export default sqlMigration(
  'erasing and taking in the audit chain of a tenant, with a permit of vetrai_owner only',
  `create table audit_permits (
    token_hash bytea primary key,
    purpose text not null check (purpose in ('erase', 'import')),
    chain uuid not null,
    expires_at timestamptz(3) not null,
    used_by xid8
  )`,
  // One permit is good for one transaction, which may use it several times.
  `create function audit_use_permit(p_token text, p_purpose text, p_chain uuid) returns void
   language plpgsql security definer set search_path = pg_catalog, public as $$
  begin
    update audit_permits set used_by = pg_current_xact_id()
      where token_hash = sha256(convert_to(p_token, 'UTF8')) and purpose = p_purpose and chain = p_chain
        and expires_at > clock_timestamp() and coalesce(used_by, pg_current_xact_id()) = pg_current_xact_id();
    if not found then raise exception 'no permit for this audit chain' using errcode = '42501'; end if;
  end $$`,
  'revoke all on function audit_use_permit(text, text, uuid) from public',

  `create or replace function audit_refuse_change() returns trigger language plpgsql as $$
  begin
    if tg_op = 'DELETE' then
      if current_setting('vetrai.erases_chain', true) = old.tenant_id::text then return old; end if;
    end if;
    raise exception 'audit_logs is append-only';
  end $$`,
  // Only the owner has the right to delete at all; this narrows it to the chain that audit_erase removes.
  `create policy owner_erase on audit_logs for delete to vetrai_owner
   using (tenant_id::text = current_setting('vetrai.erases_chain', true))`,

  `create function audit_erase(p_token text, p_chain uuid) returns bigint
   language plpgsql security definer set search_path = pg_catalog, public as $$
  declare v_lines bigint;
  begin
    if p_chain = '00000000-0000-0000-0000-000000000000' then
      raise exception 'the chain of the installation stays' using errcode = '42501';
    end if;
    perform audit_use_permit(p_token, 'erase', p_chain);
    perform 1 from audit_heads where tenant_id = p_chain for update;
    perform set_config('vetrai.erases_chain', p_chain::text, true);
    delete from audit_logs where tenant_id = p_chain;
    get diagnostics v_lines = row_count;
    perform set_config('vetrai.erases_chain', '', true);
    delete from audit_heads where tenant_id = p_chain;
    return v_lines;
  end $$`,

  // Lines are taken in as they are, and only those that continue the chain: none can be slipped in or changed.
  `create function audit_take_in(p_token text, p_chain uuid, p_lines json) returns bigint
   language plpgsql security definer set search_path = pg_catalog, public as $$
  declare
    v_line audit_logs;
    v_head audit_heads;
    v_lines bigint := 0;
  begin
    if p_chain = '00000000-0000-0000-0000-000000000000' then
      raise exception 'the chain of the installation takes in none' using errcode = '42501';
    end if;
    perform audit_use_permit(p_token, 'import', p_chain);
    insert into audit_heads (tenant_id, sequence, hash) values (p_chain, 0, null) on conflict do nothing;
    select * into v_head from audit_heads where tenant_id = p_chain for update;
    for v_line in select * from json_populate_recordset(null::audit_logs, p_lines) order by sequence loop
      if v_line.tenant_id <> p_chain or v_line.sequence <> v_head.sequence + 1
         or v_line.previous_hash is distinct from v_head.hash
         or v_line.hash is distinct from audit_hash(v_head.hash, v_line.tenant_id, v_line.sequence, v_line.created_at,
              v_line.action, v_line.target, v_line.outcome, v_line.actor_kind, v_line.actor_id, v_line.impersonator_id,
              v_line.ip, v_line.request_id, v_line.detail) then
        raise exception 'line % does not continue the audit chain', v_line.sequence using errcode = '23514';
      end if;
      insert into audit_logs select v_line.*;
      v_head.sequence := v_line.sequence;
      v_head.hash := v_line.hash;
      v_lines := v_lines + 1;
    end loop;
    update audit_heads set sequence = v_head.sequence, hash = v_head.hash where tenant_id = p_chain;
    return v_lines;
  end $$`,
  'revoke all on function audit_erase(text, uuid) from public',
  'revoke all on function audit_take_in(text, uuid, json) from public',
  'grant execute on function audit_erase(text, uuid), audit_take_in(text, uuid, json) to vetrai_system',
)
