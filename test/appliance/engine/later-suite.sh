#!/usr/bin/env bash
# later-suite.sh ARGUMENT…    apt-get with the packages of the Debian release after this host's, leaving the host's own
# lists alone: `later-suite.sh download PACKAGE` puts one into the current folder. The mirror is the host's.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/appliance/engine/common.sh
. "$here/common.sh"

own=$(. /etc/os-release && echo "${ID:-} ${VERSION_CODENAME:-}")
case "$own" in
  'debian bullseye' | 'debian bookworm') suite=trixie ;;
  'debian trixie') suite=forky ;;
  *) refuse "there is no later suite for ${own:-this host}" ;;
esac
own=${own#* }
home=$cache/apt-$suite

find_mirror() {
  local file
  for file in /etc/apt/sources.list.d/*.sources /etc/apt/sources.list; do
    [ -f "$file" ] || continue
    grep -qE "^(deb|Suites:).*\b$own\b" "$file" || continue
    sed "s/\b$own\b/$suite/g" "$file" >"$home/parts/$suite.${file##*.}"
    return
  done
  refuse "no file of /etc/apt names a mirror of $own"
}

mkdir -p "$home/parts" "$home/lists/partial" "$home/cache/archives/partial"
[ -n "$(ls "$home/parts")" ] || find_mirror
view=(
  -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$home/parts" -o Dir::State::lists="$home/lists"
  -o Dir::Cache="$home/cache" -o APT::Sandbox::User=root
)
compgen -G "$home/lists/*Packages*" >/dev/null || apt-get "${view[@]}" update -qq
exec apt-get "${view[@]}" "$@"
