#!/bin/bash
# `server /data` serves S3 on port 9000 for MINIO_ROOT_USER and MINIO_ROOT_PASSWORD (each also as NAME_FILE), which count
# anew at every start. All it keeps is in /data/.store and survives a kill. Runs as any numeric user.
set -euo pipefail

export CEPH_CONF=/etc/silo/ceph.conf
store=/data/.store

main() {
  case "${1:-}" in minio | silo) shift ;; esac
  [ "${1:-}" = server ] || exec "$@"
  read_setting MINIO_ROOT_USER minioadmin
  read_setting MINIO_ROOT_PASSWORD minioadmin
  if [ ${#MINIO_ROOT_USER} -lt 3 ] || [ ${#MINIO_ROOT_PASSWORD} -lt 8 ]; then
    echo 'MINIO_ROOT_USER needs 3 characters and MINIO_ROOT_PASSWORD 8' >&2
    exit 1
  fi
  trap stop TERM INT
  [ -e "$store/made" ] || make_store
  start mon ceph-mon -i a
  start osd ceph-osd -i 0
  set_root_user
  start gateway radosgw -n client.gateway
  start proxy haproxy -db -f /etc/silo/haproxy.cfg
  # One that ends ends all, at once: those that use it would wait for it.
  wait -n || true
  kill -KILL "${children[@]}" 2>/dev/null || true
  exit 1
}

# read_setting NAME DEFAULT
read_setting() {
  local file_name=$1_FILE
  local file=${!file_name:-}
  case "$file" in '' | /*) ;; *) file=/run/secrets/$file ;; esac
  if [ -n "$file" ]; then printf -v "$1" '%s' "$(<"$file")"; else printf -v "$1" '%s' "${!1:-$2}"; fi
}

# A start that was cut off before the mark begins again from nothing.
make_store() {
  local osd
  rm -rf "$store"
  mkdir -p "$store"/{mon,osd}
  local everything=(--cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *')
  ceph-authtool -C "$store/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
  for osd in client.admin client.gateway osd.0; do
    ceph-authtool "$store/keyring" --gen-key -n "$osd" "${everything[@]}" >/dev/null
  done
  ceph-mon -i a --mkfs --keyring "$store/keyring"
  start mon ceph-mon -i a
  osd=$(</proc/sys/kernel/random/uuid)
  ceph osd new "$osd" 0 >/dev/null
  ceph-osd -i 0 --mkfs --osd-uuid "$osd"
  kill "${children[mon]}"
  wait "${children[mon]}" || true
  touch "$store/made"
}

declare -A children=()
order=()

# start WHAT PROGRAM ARGUMENT…
start() {
  local what=$1
  shift
  case "$1" in haproxy) "$@" & ;; *) "$@" -f & ;; esac
  children[$what]=$!
  order=("$what" "${order[@]}")
}

# By a document on standard input: what stands in arguments can be read by others. Earlier keys are gone.
set_root_user() {
  printf '{ "data": { "user_id": "root", "display_name": "root", "type": "rgw", "op_mask": "read, write, delete",
    "max_buckets": 1000, "keys": [{ "user": "root", "access_key": %s, "secret_key": %s }] } }' \
    "$(quoted "$MINIO_ROOT_USER")" "$(quoted "$MINIO_ROOT_PASSWORD")" |
    timeout 60 radosgw-admin metadata put user:root
}

quoted() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# Who serves ends first, what it uses after it. The trap calls it.
# shellcheck disable=SC2317
stop() {
  trap - TERM INT
  local what
  for what in "${order[@]}"; do
    kill "${children[$what]}" 2>/dev/null || continue
    wait "${children[$what]}" || true
  done
  exit 0
}

main "$@"
