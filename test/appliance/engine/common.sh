# shellcheck shell=bash
# What the scripts beside this one share: where state is kept, how they give up, how they install.

cache=${VETRAI_CI_CACHE:-/var/cache/vetrai-ci}

# Gives up for a reason that is no fault of the code: the caller may skip what it wanted the engine for.
refuse() {
  echo "$*" >&2
  exit 3
}

# Installs what of the named packages is missing. Only root can, and only where there is apt.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] || refuse "only root can install ${missing[*]}"
  command -v apt-get >/dev/null || refuse "there is no apt-get to install ${missing[*]}"
  local log=$cache/apt.log
  {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}"
  } >"$log" 2>&1 || refuse "cannot install ${missing[*]}: $(tail -n 1 "$log")"
}
