#!/usr/bin/env bash
# images.sh [NAME…]    Starts the engine and builds the stand-in images of ../images as vetrai-test/NAME from Debian packages;
# without a name all. One whose content is the same as when it was built is left alone. On an engine of engine.sh's own each
# also gets the name of the image it stands for, so that builder and Compose take it for that one.
# Exit 3 and a reason in the last line of stderr: this host cannot have them, which is no fault of the code.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/appliance/engine/common.sh
. "$here/common.sh"

images=$(cd "$here/../images" && pwd)
base=vetrai-test/base:trixie
label=ai.vetrai.test.content

main() {
  "$here/engine.sh" up
  eval "$("$here/engine.sh" env)"
  mkdir -p "$cache" 2>/dev/null || refuse "cannot write to $cache; VETRAI_CI_CACHE names another folder"
  exec 8>"$cache/images.lock"
  flock 8
  has_image "$base" || make_base
  local name names=("$@") stale=()
  [ $# -gt 0 ] || mapfile -t names < <(sed -n 's/^\([a-z].*\)=.*/\1/p' "$images/names")
  for name in "${names[@]}"; do
    is_current "$name" || stale+=("$name")
  done
  [ ${#stale[@]} -eq 0 ] || build "${stale[@]}"
  [ "${DOCKER_HOST:-}" != "unix://$cache/docker.sock" ] || tag_references
}

has_image() {
  docker image inspect "$1" >/dev/null 2>&1
}

# Debian 13 without documentation. Imported once: every import has another id, and all layers above would be made again.
make_base() {
  [ "$(id -u)" -eq 0 ] || refuse "only root can make the base of the test images"
  install_packages debootstrap
  local root mirror
  root=$(mktemp -d -p "$cache")
  # The host's own mirror, where the host is Debian; else the one that debootstrap knows.
  # shellcheck disable=SC2016 # apt's words.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Created-By: Packages' | head -n 1)
  # shellcheck disable=SC2086 # Without a mirror there is no argument.
  debootstrap --variant=minbase --include=ca-certificates trixie "$root" ${mirror:-} >"$cache/debootstrap.log" 2>&1 ||
    refuse "debootstrap fails: $(tail -n 1 "$cache/debootstrap.log")"
  printf '%s\n' force-unsafe-io 'path-exclude /usr/share/'{doc,man,locale}'/*' >"$root/etc/dpkg/dpkg.cfg.d/small"
  printf '%s\n' 'APT::Install-Recommends "0";' 'Acquire::Languages "none";' >"$root/etc/apt/apt.conf.d/99small"
  tar -C "$root" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' --exclude='./dev/*' \
    --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' -c . |
    docker import --change 'ENV DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8' - "$base" >/dev/null
  rm -rf "$root"
}

is_current() {
  [ "$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "vetrai-test/$1" 2>/dev/null)" = "$(content "$1")" ]
}

# What the image of a name is made from, as one hash.
content() {
  {
    echo "$1"
    docker image inspect --format '{{.Id}}' "$base"
    [ "$1" != node ] || npm --version
    tar -C "$images/$1/" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -c .
  } | sha256sum | cut -d ' ' -f 1
}

# By Compose, which brings its own builder and builds side by side.
build() {
  local contexts name
  contexts=$(mktemp -d -p "$cache")
  # shellcheck disable=SC2064 # The folder of now.
  trap "rm -rf '$contexts'" EXIT
  for name in "$@"; do
    cp -rL "$images/$name" "$contexts/$name"
    [ "$name" != node ] || cp -rL "$(dirname "$(dirname "$(realpath "$(command -v npm)")")")" "$contexts/node/npm"
  done
  {
    echo 'services:'
    for name in "$@"; do
      printf '  %s:\n    image: vetrai-test/%s\n    build:\n      context: %s\n      args: { NAME: %s }\n      labels: { %s: %s }\n' \
        "$name" "$name" "$contexts/$name" "$name" "$label" "$(content "$name")"
    done
  } | DOCKER_BUILDKIT=1 COMPOSE_BAKE=false docker compose --project-name vetrai-test-images --file - --progress plain build \
    >"$cache/images.log" 2>&1 || explain_failure
  printf 'built vetrai-test/%s\n' "$@"
}

explain_failure() {
  tail -n 20 "$cache/images.log" >&2
  ! grep -qE 'Temporary failure resolving|Could not connect|Unable to connect|Connection timed out' "$cache/images.log" ||
    refuse "the mirror cannot be reached from a container"
  exit 1
}

tag_references() {
  local name reference
  while IFS='=' read -r name reference; do
    case "$name" in [a-z]*) ! has_image "vetrai-test/$name" || docker tag "vetrai-test/$name" "$reference" ;; esac
  done <"$images/names"
}

main "$@"
