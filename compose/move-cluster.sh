# bash -c '…' move-cluster postgres -c …    Makes a cluster in the empty volume, reachable by nobody, and fills it with what the cluster
# at the host `postgres` has: roles with their passwords, databases, settings. The dump programs are those of this image, the newer
# one, as PostgreSQL wants it. Then every table and sequence of both is compared. Nothing is changed in the old one. Databases named
# vetrai_… are copies that upgrades and restores left or keep: they stay behind. Tells on standard output what it copied, as JSON.
set -euo pipefail

main() {
  start "$@"
  PGPASSWORD=$(</run/secrets/postgres-superuser-password)
  # Values look the same on both sides, whatever their settings are.
  PGOPTIONS='-c timezone=UTC -c datestyle=iso,ymd -c intervalstyle=iso_8601 -c extra_float_digits=3 -c bytea_output=hex -c row_security=off'
  export PGUSER=postgres PGPASSWORD PGOPTIONS
  echo 'copying roles' >&2
  # That of the superuser is there.
  pg_dumpall -h postgres --globals-only | grep -vx 'CREATE ROLE postgres;' | new postgres >/dev/null
  old postgres <<<"select datname from pg_database
    where datallowconn and not datistemplate and not starts_with(datname, 'vetrai_') order by 1" >/tmp/databases
  local name
  while read -r name; do copy "$name"; done </tmp/databases
  while read -r name; do compare "$name"; done </tmp/databases
  tell
  kill -INT "$server"
  wait "$server"
}

# Ready when it listens: while it is being made it does not.
start() {
  docker-entrypoint.sh "$@" -c listen_addresses=127.0.0.1 -c archive_mode=off -c wal_level=minimal -c max_wal_senders=0 \
    -c synchronous_commit=off -c autovacuum=off >/tmp/postgres.log 2>&1 &
  server=$!
  until pg_isready -q -h 127.0.0.1 -U postgres; do
    kill -0 "$server" 2>/dev/null || { tail -n 20 /tmp/postgres.log >&2; exit 1; }
    sleep 0.2
  done
}

copy() {
  echo "copying $1" >&2
  local create=(--create)
  # That one is there.
  [ "$1" != postgres ] || create=()
  pg_dump -h postgres --section=pre-data "${create[@]}" --dbname="$1" | known | new postgres >/dev/null
  pg_dump -h postgres --section=data --section=post-data --dbname="$1" | new "$1" >/dev/null
  new "$1" <<<'analyze'
}

# PostgreSQL 17.12 marks each column with an option that only its own pg_dump leaves out, and no other server takes.
known() {
  sed -E '/^ALTER TABLE ONLY .* ALTER COLUMN .* SET \(/ { s/pg_attver=[0-9]+, //; s/(, )?pg_attver=[0-9]+//; / SET \(\);$/d }'
}

compare() {
  echo "comparing $1" >&2
  old "$1" <<<"$sums" >/tmp/old &
  local reading=$!
  new "$1" <<<"$sums" >/tmp/new
  wait "$reading"
  cat /tmp/new >>/tmp/all
  cmp -s /tmp/old /tmp/new || { echo "ERROR: not the same in $1 after copying: $(differing)" >&2; exit 1; }
}

differing() {
  diff /tmp/old /tmp/new | sed -n 's/^[<>] \([^|]*\)|.*/\1/p' | sort -u | head -n 10 | paste -sd ' '
}

tell() {
  local kind rows tables=0 all=0
  while IFS='|' read -r _ kind rows _; do
    [ "$kind" = table ] || continue
    tables=$((tables + 1)) all=$((all + rows))
  done </tmp/all
  printf '{"databases":%d,"tables":%d,"rows":%d}\n' "$(wc -l </tmp/databases)" "$tables" "$all"
}

# Of each table the rows and a sum over them in whatever order; of each sequence its place.
sums=$(cat <<'SQL'
select case relkind
    when 'r' then format('select %L, %L, count(*), coalesce(sum(hashtextextended(whole_row::text, 0)::numeric), 0) from only %I.%I whole_row',
      nspname || '.' || relname, 'table', nspname, relname)
    else format('select %L, %L, last_value, is_called from %I.%I', nspname || '.' || relname, 'sequence', nspname, relname) end
from pg_class c join pg_namespace n on n.oid = relnamespace
where relkind in ('r', 'S') and relpersistence <> 't' and nspname !~ '^pg_' and nspname <> 'information_schema'
order by nspname, relname \gexec
SQL
)

old() {
  psql --no-psqlrc -qAtX -v ON_ERROR_STOP=1 -h postgres -d "$1"
}

new() {
  psql --no-psqlrc -qAtX -v ON_ERROR_STOP=1 -d "$1"
}

main "$@"
