#!/bin/bash
# restore.sh SET TIMELINE TIME    Restores a base backup into the empty volume and brings it to TIME along a timeline. The cluster is
# brought up once, reachable by nobody, so that only one that came that far, whole, is ever put in the place of another; what it
# came to is told on standard output as JSON. Nothing is archived meanwhile: a try that is given up leaves no timeline behind.
set -euo pipefail
log=/tmp/postgres.log
gone=0

main() {
  mkdir -p -m 0700 "$PGDATA"
  pgbackrest --log-level-console=info --set="$1" --target-timeline="$2" --type=time --target="$3" --target-action=promote \
    restore >&2
  start || { cat "$log" >&2; exit 1; }
  take_password
  tell
  # Whoever archives it from here on takes it for what it is, and not for one that was made where a volume was lost.
  touch "$PGDATA/vetrai-restored"
  pg_ctl -D "$PGDATA" -m fast -w -s stop >&2
}

# Without an archive_command the WAL of the new timeline waits for the start proper, which archives it. Recovery takes as long as
# it takes; where it fails the server ends.
start() {
  pg_ctl -D "$PGDATA" -l "$log" -W -s start \
    -o "-c listen_addresses='' -c hot_standby=off -c archive_mode=on -c archive_command='' -c log_timezone=UTC -c timezone=UTC" >&2
  until pg_isready -q -U postgres; do
    sleep 0.2
    kill -0 "$(head -n 1 "$PGDATA/postmaster.pid" 2>/dev/null)" 2>/dev/null || [ $((++gone)) -lt 25 ] || return 1
  done
}

# It may have been another at that time.
take_password() {
  sql postgres <<'SQL'
\set password `cat /run/secrets/postgres-superuser-password`
set password_encryption = 'scram-sha-256';
alter role postgres password :'password';
alter system reset restore_command;
alter system reset recovery_target_time;
alter system reset recovery_target_timeline;
alter system reset recovery_target_action;
SQL
}

# Fails where the database, its schema or a role is missing.
tell() {
  sql vetrai <<'SQL'
select json_build_object(
  'reached', to_char(pg_last_xact_replay_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'timeline', ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int,
  'migrations', (select count(*) from schema_migrations),
  'roles', (select count(oid) from (values ('vetrai_owner'::regrole::oid), ('vetrai_app'::regrole::oid), ('vetrai_system'::regrole::oid)) r(oid)))
SQL
}

sql() {
  psql --no-psqlrc --no-password -qAtX -v ON_ERROR_STOP=1 -U postgres -d "$1"
}

main "$@"
