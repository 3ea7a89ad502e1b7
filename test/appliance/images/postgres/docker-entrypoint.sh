#!/bin/bash
# Makes a cluster at the first start by POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB (each also as NAME_FILE),
# POSTGRES_INITDB_ARGS and /docker-entrypoint-initdb.d; then becomes the command. Runs as any numeric user.
set -euo pipefail

main() {
  case "${1:-}" in -*) set -- postgres "$@" ;; esac
  if [ "${1:-}" = postgres ]; then
    [ "$(id -u)" -ne 0 ] || step_down "$@"
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA" || true
    [ -s "$PGDATA/PG_VERSION" ] || make_cluster "$@"
  fi
  exec "$@"
}

step_down() {
  mkdir -p "$PGDATA"
  chown -R postgres: "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
}

make_cluster() {
  read_setting POSTGRES_USER postgres
  read_setting POSTGRES_DB "$POSTGRES_USER"
  read_setting POSTGRES_PASSWORD ''
  if [ -z "$POSTGRES_PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo 'POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE must say the password of the superuser' >&2
    exit 1
  fi
  run_initdb
  local method
  method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "${@:2}")}
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
  # Nobody reaches it from outside before everything is there.
  pg_ctl -D "$PGDATA" -o "$(printf '%q ' "${@:2}" -c listen_addresses=)" -w start
  [ "$POSTGRES_DB" = postgres ] ||
    sql postgres --set db="$POSTGRES_DB" <<<'create database :"db"'
  run_scripts
  pg_ctl -D "$PGDATA" -m fast -w stop
  # The server's environment need not hold what a file said.
  unset POSTGRES_PASSWORD
}

# read_setting NAME DEFAULT
read_setting() {
  local file_name=$1_FILE
  local file=${!file_name:-}
  if [ -n "$file" ]; then export "$1=$(<"$file")"; else export "$1=${!1:-$2}"; fi
}

# initdb wants a name for who runs it, which a number alone does not have.
run_initdb() {
  local options=() wrapper=() names
  eval "options=(${POSTGRES_INITDB_ARGS:-})"
  names=$(mktemp -d)
  if ! getent passwd "$(id -u)" >/dev/null; then
    echo "postgres:x:$(id -u):$(id -g)::$PGDATA:/bin/false" >"$names/passwd"
    echo "postgres:x:$(id -g):" >"$names/group"
    wrapper=(LD_PRELOAD=libnss_wrapper.so "NSS_WRAPPER_PASSWD=$names/passwd" "NSS_WRAPPER_GROUP=$names/group")
  fi
  printf '%s\n' "$POSTGRES_PASSWORD" >"$names/password"
  env "${wrapper[@]}" initdb -D "$PGDATA" --username="$POSTGRES_USER" --pwfile="$names/password" "${options[@]}"
  rm -rf "$names"
}

run_scripts() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
      *.sh) if [ -x "$file" ]; then "$file"; else bash "$file"; fi ;;
      *.sql) sql "$POSTGRES_DB" -f "$file" ;;
    esac
  done
}

# sql DATABASE OPTION…
sql() {
  PGPASSWORD=$POSTGRES_PASSWORD psql -qv ON_ERROR_STOP=1 --no-psqlrc --no-password -U "$POSTGRES_USER" -d "$@"
}

main "$@"
