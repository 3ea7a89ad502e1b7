#!/usr/bin/env bash
# engine.sh up | down | env    A Docker engine with Compose for tests.
#   up    answers when there is one: that which runs already, else Debian's, started without systemd
#   down  stops the one that `up` started, and no other
#   env   what a shell evaluates so that docker and Compose speak to it
# Exit 3 and one line on stderr: this host cannot have one. Its state, the layers of images included, stays in
# VETRAI_CI_CACHE (/var/cache/vetrai-ci).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/appliance/engine/common.sh
. "$here/common.sh"

socket=$cache/docker.sock
pid_file=$cache/dockerd.pid
config=$cache/docker-config
plugin=$config/cli-plugins/docker-compose
least_compose=2.20

main() {
  case "${1:-}" in
    up) is_usable || start ;;
    down) stop ;;
    env) is_usable || own_env ;;
    *) echo "usage: engine.sh up|down|env" >&2 && exit 2 ;;
  esac
}

# Whether the engine that the environment means answers, and its Compose is recent enough.
is_usable() {
  local version
  docker info >/dev/null 2>&1 || return 1
  version=$(docker compose version --short 2>/dev/null) || return 1
  is_at_least "$least_compose" "${version#v}"
}

is_at_least() {
  printf '%s\n' "$1" "$2" | sort --check=silent --version-sort
}

own_env() {
  printf 'export DOCKER_HOST=%q\nexport DOCKER_CONFIG=%q\n' "unix://$socket" "$config"
}

start() {
  eval "$(own_env)"
  is_usable && return
  [ "$(id -u)" -eq 0 ] || refuse "no Docker engine runs, and only root can start one"
  mkdir -p "$config/cli-plugins" 2>/dev/null || refuse "cannot write to $cache; VETRAI_CI_CACHE names another folder"
  exec 9>"$cache/engine.lock"
  flock 9
  install_engine
  [ -x "$plugin" ] || install_compose
  is_running || start_daemon
  await_daemon
  is_usable || refuse "the engine runs, but its Compose is older than $least_compose"
}

install_engine() {
  command -v dockerd >/dev/null && return
  local packages=(docker.io containerd runc iptables)
  # Debian 13 has the command in a package of its own.
  ! apt-cache show docker-cli >/dev/null 2>&1 || packages+=(docker-cli)
  install_packages "${packages[@]}"
}

# Taken out of its package and not installed: Debian 12 has version 1 only, so that of the next release is fetched.
install_compose() {
  local work apt=apt-get
  apt-cache show docker-compose 2>/dev/null | grep -q '^Version: 2' || apt=$here/later-suite.sh
  work=$(mktemp -d -p "$cache")
  (cd "$work" && "$apt" download docker-compose >"$cache/compose.log" 2>&1) ||
    refuse "cannot get Compose: $(tail -n 1 "$cache/compose.log")"
  dpkg -x "$work"/docker-compose_*.deb "$work/package"
  install -m 0755 "$(find "$work/package" -type f -path '*cli-plugins/docker-compose')" "$plugin"
  rm -rf "$work"
}

is_running() {
  [ -s "$pid_file" ] && [ "$(cat "/proc/$(cat "$pid_file")/comm" 2>/dev/null)" = dockerd ]
}

start_daemon() {
  local options=()
  if ! may_raise_limits; then
    # A copy, because this clone may be gone while the engine still starts containers.
    install -D -m 0755 "$here/runc-clamped" "$cache/bin/runc-clamped"
    options=(--add-runtime "ci=$cache/bin/runc-clamped" --default-runtime ci)
  fi
  rm -f "$pid_file"
  # Without the lock's descriptor, which would outlive this script in the daemon.
  setsid dockerd --data-root "$cache/data" --exec-root "$cache/exec" --host "unix://$socket" --pidfile "$pid_file" \
    "${options[@]}" >"$cache/dockerd.log" 2>&1 </dev/null 9>&- &
}

# Bit 24 is CAP_SYS_RESOURCE.
may_raise_limits() {
  local bounds
  bounds=$(awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)
  (((16#$bounds >> 24) & 1))
}

await_daemon() {
  for _ in $(seq 150); do
    docker info >/dev/null 2>&1 && return
    sleep 0.2
  done
  refuse "dockerd does not start: $(grep -vi 'level=info' "$cache/dockerd.log" | tail -n 1)"
}

stop() {
  ! is_running || kill "$(cat "$pid_file")"
}

main "$@"
