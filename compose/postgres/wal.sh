#!/bin/bash
# Beside a PostgreSQL that archives its WAL by pgBackRest. Verbs:
#   run         makes base backups when they are due, and notes how it stands; what the container does
#   health      fails, and says why, where archive or base backups fail
#   base TYPE   makes one at once: full, diff or incr
#   list        what the repository holds: `info` and the names of all files of the archive, a JSON document a line
#   get NAME    one file of the archive
set -euo pipefail
state=/tmp/state
cluster=/var/lib/postgresql/data/cluster
every=15

main() {
  case "$1" in
    run) run ;;
    health) health ;;
    base) base "$2" ;;
    list) list ;;
    get) pgbackrest repo-get "archive/$PGBACKREST_STANZA/$2" ;;
    *) exit 2 ;;
  esac
}

run() {
  # Each round is a group of processes, so that it ends with its children.
  set -m
  trap 'kill -TERM -- "-${child:-0}" 2>/dev/null; exit 0' TERM INT
  while :; do
    round >/tmp/round 2>&1 &
    child=$!
    if wait "$child"; then
      echo well >"$state"
    elif ! cmp -s /tmp/round "$state"; then
      cp /tmp/round "$state"
      cat "$state" >&2
    fi
    note >/dev/null 2>&1 || true
    sleep "$every" &
    child=$!
    wait "$child"
  done
}

round() {
  local type
  # Left where what follows fails.
  touch /tmp/making
  [ -e /tmp/stanza ] || prepare
  rm /tmp/making
  archiving
  touch /tmp/making
  type=$(due)
  [ -n "$type" ] || [ ! -e /tmp/gap ] || type=diff
  if [ -n "$type" ]; then
    # It archives, and a first base backup may take hours.
    echo well >"$state"
    base "$type"
  fi
  rm /tmp/making
}

# What became of base backups, where the server finds it for its figures: it can read neither the repository nor this container.
# One failure after the other counts once in ten minutes.
note() {
  if [ -e /tmp/making ] && [ -z "$(find /tmp/failed -mmin -10 2>/dev/null)" ]; then date +%s >/tmp/failed; fi
  psql --no-psqlrc --no-password -qAtX -v ON_ERROR_STOP=1 -U postgres -d vetrai \
    -v succeeded="$(cat /tmp/succeeded 2>/dev/null)" -v failed="$(cat /tmp/failed 2>/dev/null)" <<'SQL'
with noted as (
  select jsonb_strip_nulls(jsonb_build_object('succeeded_at', nullif(:'succeeded', '')::bigint, 'failed_at', nullif(:'failed', '')::bigint)) as value
)
insert into installation_state as s (key, value) select 'backup.base', value from noted where value <> '{}'
on conflict (key) do update set value = s.value || excluded.value where s.value || excluded.value <> s.value
SQL
}

# When the newest base backup of this cluster was whole.
remember() {
  sql >/tmp/succeeded <<'SQL'
\set info `pgbackrest --output=json info`
select max((b -> 'timestamp' ->> 'stop')::bigint)
from jsonb_array_elements(:'info'::jsonb) stanza, jsonb_array_elements(stanza -> 'backup') b
where (b -> 'database' ->> 'id')::int = (select max((d ->> 'id')::int) from jsonb_array_elements(stanza -> 'db') d)
SQL
}

# A cluster of another major version is taken into the same repository, beside what is there, and so is one that a restore brought
# here from another deployment's archive. Any other is what is made where a volume was lost: what is archived of that one must not
# give way to it.
prepare() {
  if ! pgbackrest stanza-create; then
    [ -e "$cluster/vetrai-restored" ] || [ "$(is_known)" = t ] ||
      { echo 'the archive cannot be used, or is of another database than this one, which is new: bring that back (vetrai restore --at TIME), or move its archive away'; return 1; }
    pgbackrest stanza-upgrade
  fi
  [ -z "$(gap)" ] || touch /tmp/gap
  pgbackrest check
  remember
  touch /tmp/stanza
}

# Of another major than what is archived, or archived here before.
is_known() {
  sql <<'SQL'
\set info `pgbackrest --output=json info`
select (array_agg((db ->> 'version')::int order by (db ->> 'id')::int desc))[1] <> current_setting('server_version_num')::int / 10000
  or bool_or((db ->> 'system-id')::numeric = (select system_identifier from pg_control_system()))
from jsonb_array_elements(:'info'::jsonb) stanza, jsonb_array_elements(stanza -> 'db') db
SQL
}

# Says something where WAL since the newest archived segment is lost, as archiving was turned off for a while: then only a new base
# backup leads on from there.
gap() {
  sql <<'SQL'
\set info `pgbackrest --output=json info`
with names (newest, next) as (
  select
    (select max(a ->> 'max') from jsonb_array_elements(:'info'::jsonb) stanza, jsonb_array_elements(stanza -> 'archive') a
     where (a -> 'database' ->> 'id')::int = (select max((d ->> 'id')::int) from jsonb_array_elements(stanza -> 'db') d)),
    coalesce(
      (select min(left(name, 24)) from pg_ls_archive_statusdir() where name ~ '^[0-9A-F]{24}[.]ready$'),
      pg_walfile_name(pg_current_wal_lsn()))
)
select 'gap' from names
where ('x' || substr(next, 9, 8))::bit(32)::bigint * 256 + ('x' || substr(next, 17))::bit(32)::bigint
  > ('x' || substr(newest, 9, 8))::bit(32)::bigint * 256 + ('x' || substr(newest, 17))::bit(32)::bigint + 1
SQL
}

base() {
  pgbackrest --type="$1" backup
  rm -f /tmp/gap
  remember
}

archiving() {
  local failed
  failed=$(sql <<<"select format('archiving %s has failed since %s', last_failed_wal, last_failed_time) from pg_stat_archiver
    where last_failed_time > coalesce(last_archived_time, '-infinity')")
  [ -z "$failed" ] || { echo "$failed"; return 1; }
}

# A full one a week, a differential one a day, and one as soon as time took another line, so that it can be gone back to.
due() {
  sql <<'SQL'
\set info `pgbackrest --output=json info`
with backups as (
  select b ->> 'type' as type, to_timestamp((b -> 'timestamp' ->> 'stop')::bigint) as at,
         ('x' || left(b -> 'archive' ->> 'start', 8))::bit(32)::int as timeline
  from jsonb_array_elements(:'info'::jsonb) stanza, jsonb_array_elements(stanza -> 'backup') b
  where (b -> 'database' ->> 'id')::int = (select max((d ->> 'id')::int) from jsonb_array_elements(stanza -> 'db') d)
)
select case
  when not exists (select from backups where type = 'full' and at > now() - interval '7 days') then 'full'
  when not exists (select from backups where at > now() - interval '1 day') then 'diff'
  when (select timeline from backups order by at desc limit 1)
    < ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int then 'diff'
end
SQL
}

health() {
  [ -e "$state" ] || { echo 'nothing is known yet'; return 1; }
  cat "$state"
  [ "$(<"$state")" = well ]
}

list() {
  pgbackrest --output=json info
  echo
  pgbackrest repo-ls --recurse --output=json "archive/$PGBACKREST_STANZA"
  echo
}

sql() {
  psql --no-psqlrc --no-password -qAtX -v ON_ERROR_STOP=1 -U postgres -d postgres
}

main "$@"
