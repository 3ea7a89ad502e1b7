#!/bin/bash
# Beside a PostgreSQL that archives its WAL by pgBackRest. Verbs:
#   run         makes base backups when they are due, and notes how it stands; what the container does
#   health      fails, and says why, where archive or base backups fail
#   base TYPE   makes one at once: full, diff or incr
#   list        what the repository holds: `info` and the names of all files of the archive, a JSON document a line
#   get NAME    one file of the archive
set -euo pipefail
state=/tmp/state
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
    sleep "$every" &
    child=$!
    wait "$child"
  done
}

round() {
  [ -e /tmp/stanza ] || prepare
  archiving
  local type
  type=$(due)
  [ -n "$type" ] || [ ! -e /tmp/gap ] || type=diff
  [ -n "$type" ] || return 0
  # It archives, and a first base backup may take hours.
  echo well >"$state"
  base "$type"
}

# A cluster of another major version is taken into the same repository, beside what is there. Another one of the same version is
# what is made where a volume was lost: what is archived of that one must not give way to it.
prepare() {
  if ! pgbackrest stanza-create; then
    [ "$(is_newer)" = t ] ||
      { echo 'the archive cannot be used, or is of another database than this one, which is new: bring that back (vetrai restore --at TIME), or move its archive away'; return 1; }
    pgbackrest stanza-upgrade
  fi
  [ -z "$(gap)" ] || touch /tmp/gap
  pgbackrest check
  touch /tmp/stanza
}

is_newer() {
  sql <<'SQL'
\set info `pgbackrest --output=json info`
select (db ->> 'version')::int <> current_setting('server_version_num')::int / 10000
from jsonb_array_elements(:'info'::jsonb) stanza, jsonb_array_elements(stanza -> 'db') db order by (db ->> 'id')::int desc limit 1
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
