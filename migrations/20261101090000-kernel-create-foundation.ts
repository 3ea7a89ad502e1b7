import { sqlMigration } from './helpers/migration.js'
import { CURRENT_TENANT, globalTable } from './helpers/tables.js'

const AUDIT_HASH = `sha256(convert_to(jsonb_build_array(
  p_previous, p_tenant, p_sequence, p_occurred, p_action, p_target, p_outcome,
  p_actor_kind, p_actor_id, p_impersonator, p_ip, p_request, p_detail)::text, 'UTF8'))`

/** What every service stands on: the clock trigger, outbox, idempotency records, job runs and audit chains. */
export default sqlMigration(
  'outbox, idempotency records, job runs and hash-chained audit log',
  'grant usage on schema public to vetrai_app, vetrai_system',
  `create function touch_updated_at() returns trigger language plpgsql as $$
   begin new.updated_at = now(); return new; end $$`,

  ...globalTable(
    'outbox',
    {
      name: 'text not null',
      tenant_id: 'uuid',
      payload: 'jsonb not null',
      delivered_to: "text[] not null default '{}'",
      delivered_at: 'timestamptz(3)',
      attempts: 'integer not null default 0',
      next_attempt_at: 'timestamptz(3) not null default now()',
      last_error: 'text',
    },
    { app: ['insert'] },
  ),
  'create index outbox_pending on outbox (next_attempt_at) where delivered_at is null',

  ...globalTable(
    'idempotency_records',
    {
      scope_hash: 'bytea not null',
      request_hash: 'bytea not null',
      status: 'integer not null',
      response: 'bytea not null',
      expires_at: 'timestamptz(3) not null',
    },
    { primaryKey: 'scope_hash', indexes: ['expires_at'], app: ['select', 'insert', 'delete'] },
  ),

  // When each periodic job last ended well; shared, so that restarts and further processes keep its rhythm.
  `create table job_runs (name text primary key, finished_at timestamptz(3) not null)`,
  'grant select, insert, update on job_runs to vetrai_system',

  `create table audit_logs (
    tenant_id uuid not null,
    sequence bigint not null,
    id uuid not null,
    created_at timestamptz(3) not null,
    action text not null,
    target text,
    outcome text not null check (outcome in ('success', 'refused')),
    actor_kind text not null,
    actor_id text,
    impersonator_id text,
    ip text not null,
    request_id text not null,
    detail jsonb not null,
    previous_hash bytea,
    hash bytea not null,
    primary key (tenant_id, sequence)
  )`,
  'create index on audit_logs (tenant_id, created_at desc, id desc)',
  'create index on audit_logs (tenant_id, action, created_at desc)',
  'alter table audit_logs enable row level security',
  'alter table audit_logs force row level security',
  `create policy tenant_isolation on audit_logs for select to vetrai_app using (tenant_id = ${CURRENT_TENANT})`,
  'create policy system_access on audit_logs for select to vetrai_system using (true)',
  // The functions below run as the owner; nobody else may write, and nobody may change or delete.
  'create policy owner_append on audit_logs for insert to vetrai_owner with check (true)',
  'create policy owner_read on audit_logs for select to vetrai_owner using (true)',
  'grant select on audit_logs to vetrai_app, vetrai_system',
  `create function audit_refuse_change() returns trigger language plpgsql as $$
   begin raise exception 'audit_logs is append-only'; end $$`,
  'create trigger append_only before update or delete on audit_logs for each row execute function audit_refuse_change()',
  'create trigger append_only_all before truncate on audit_logs execute function audit_refuse_change()',

  `create table audit_heads (
    tenant_id uuid primary key,
    sequence bigint not null,
    hash bytea
  )`,
  'alter table audit_heads enable row level security',
  'alter table audit_heads force row level security',
  'create policy owner_only on audit_heads to vetrai_owner using (true) with check (true)',

  `create function audit_hash(
    p_previous bytea, p_tenant uuid, p_sequence bigint, p_occurred timestamptz, p_action text, p_target text,
    p_outcome text, p_actor_kind text, p_actor_id text, p_impersonator text, p_ip text, p_request text, p_detail jsonb
  ) returns bytea language sql stable set timezone = 'UTC' set bytea_output = 'hex' set search_path = pg_catalog as $$ select ${AUDIT_HASH} $$`,
  `create function audit_append(
    p_tenant uuid, p_action text, p_target text, p_outcome text, p_actor_kind text, p_actor_id text,
    p_impersonator text, p_ip text, p_request text, p_detail jsonb
  ) returns bigint language plpgsql security definer set search_path = pg_catalog, public as $$
  declare
    v_head audit_heads;
    v_now timestamptz(3) := clock_timestamp();
    v_hash bytea;
  begin
    if session_user = 'vetrai_app' and p_tenant <> '00000000-0000-0000-0000-000000000000'
       and p_tenant is distinct from nullif(current_setting('vetrai.tenant_id', true), '')::uuid then
      raise exception 'audit line for another tenant' using errcode = '42501';
    end if;
    insert into audit_heads (tenant_id, sequence, hash) values (p_tenant, 0, null) on conflict do nothing;
    select * into v_head from audit_heads where tenant_id = p_tenant for update;
    v_head.sequence := v_head.sequence + 1;
    v_hash := audit_hash(v_head.hash, p_tenant, v_head.sequence, v_now, p_action, p_target, p_outcome, p_actor_kind,
                         p_actor_id, p_impersonator, p_ip, p_request, p_detail);
    insert into audit_logs (tenant_id, sequence, id, created_at, action, target, outcome, actor_kind, actor_id,
                            impersonator_id, ip, request_id, detail, previous_hash, hash)
    values (p_tenant, v_head.sequence, gen_random_uuid(), v_now, p_action, p_target, p_outcome, p_actor_kind, p_actor_id,
            p_impersonator, p_ip, p_request, p_detail, v_head.hash, v_hash);
    update audit_heads set sequence = v_head.sequence, hash = v_hash where tenant_id = p_tenant;
    return v_head.sequence;
  end $$`,
  `create function audit_verify(p_tenant uuid) returns table (ok boolean, checked bigint, broken_at bigint)
   language plpgsql security definer set search_path = pg_catalog, public as $$
  declare
    v_line audit_logs;
    v_previous bytea := null;
    v_expected bigint := 1;
    v_head audit_heads;
  begin
    if session_user = 'vetrai_app'
       and p_tenant is distinct from nullif(current_setting('vetrai.tenant_id', true), '')::uuid then
      raise exception 'audit chain of another tenant' using errcode = '42501';
    end if;
    for v_line in select * from audit_logs where tenant_id = p_tenant order by sequence loop
      if v_line.sequence <> v_expected or v_line.previous_hash is distinct from v_previous
         or v_line.hash <> audit_hash(v_previous, v_line.tenant_id, v_line.sequence, v_line.created_at, v_line.action,
              v_line.target, v_line.outcome, v_line.actor_kind, v_line.actor_id, v_line.impersonator_id, v_line.ip,
              v_line.request_id, v_line.detail) then
        return query select false, v_expected - 1, v_expected;
        return;
      end if;
      v_previous := v_line.hash;
      v_expected := v_expected + 1;
    end loop;
    select * into v_head from audit_heads where tenant_id = p_tenant;
    if coalesce(v_head.sequence, 0) <> v_expected - 1 or v_head.hash is distinct from v_previous then
      return query select false, v_expected - 1, v_expected;
      return;
    end if;
    return query select true, v_expected - 1, null::bigint;
  end $$`,
  'revoke all on function audit_append(uuid, text, text, text, text, text, text, text, text, jsonb) from public',
  'revoke all on function audit_verify(uuid) from public',
  'grant execute on function audit_append(uuid, text, text, text, text, text, text, text, text, jsonb) to vetrai_app, vetrai_system',
  'grant execute on function audit_verify(uuid) to vetrai_app, vetrai_system',
)
