/**
 * What is run on the other host, in the `sh` of POSIX with the programs that every system has. Arguments are $1, $2 and so on;
 * nothing of them is ever part of a script.
 */

/** $1 vetrai, $2 directory, $3 id of the move. Tells what is there as `name=value` lines and changes nothing. */
export const PROBE = `
case $2 in /*) dir=$2 ;; *) dir=$HOME/$2 ;; esac
near=$dir
while [ ! -d "$near" ]; do near=$(dirname "$near"); done
parent=$(dirname "$dir")
while [ ! -d "$parent" ]; do parent=$(dirname "$parent"); done
if [ -w "$parent" ]; then staging=$dir.moving-$3; else staging=$HOME/.vetrai-moving-$3; fi
echo "dir=$dir"
echo "staging=$staging"
if [ ! -e "$dir" ] || { [ -d "$dir" ] && [ -z "$(ls -A "$dir" 2>/dev/null)" ] && [ -r "$dir" ]; }; then echo vacant=yes; else echo vacant=no; fi
if [ -w "$near" ]; then echo writable=yes; else echo writable=no; fi
echo "free_kb=$(df -Pk "$near" | awk 'NR == 2 { print $4 }')"
if version=$("$1" --version 2>&1 </dev/null); then echo "version=$(printf '%s\\n' "$version" | sed -n 's|^vetrai/\\([^ ]*\\).*|\\1|p')"; else echo "problem=$(printf '%s' "$version" | tail -n 1)"; fi
`

/** Size and hash of the file $1, in whatever the host has to compute them with. */
const MEASURE = `
measure() {
  size=$(wc -c < "$1" | tr -d ' ')
  if command -v sha256sum >/dev/null 2>&1; then sum=$(sha256sum < "$1")
  elif command -v shasum >/dev/null 2>&1; then sum=$(shasum -a 256 < "$1")
  else sum=$(openssl dgst -sha256 -r < "$1"); fi
  echo "size=$size"
  echo "sha256=\${sum%% *}"
}
`

/** $1 folder, $2 name. Keeps what comes in under $2.part, alone, and measures it. */
export const RECEIVE = `
${MEASURE}
umask 077
mkdir -p "$1" && cd "$1" || exit 1
rm -f -- *.part
cat > "$2.part" || exit 1
measure "$2.part"
`

/** $1 folder, $2 name, $3 name to take. What came in whole gets its name. */
export const ACCEPT = `cd "$1" && mv -f -- "$2.part" "$3" && { sync "$3" 2>/dev/null || sync; }`

/** $1 file. Measures it; nothing where there is none. */
export const LOOK = `
${MEASURE}
if [ -f "$1" ]; then measure "$1"; fi
`

/**
 * $1 folder, $2 vetrai, then its arguments. The key on standard input is a file for as long as it works; who works is in the file
 * \`pid\`, for whoever finds it left behind.
 */
export const WITH_KEY = `
umask 077
cd "$1" || exit 1
vetrai=$2
shift 2
trap 'rm -f key' EXIT
trap 'exit 129' HUP INT TERM
cat > key || exit 1
"$vetrai" "$@" --identity-file "$PWD/key" </dev/null &
pid=$!
echo "$pid" > pid
wait "$pid"
code=$?
rm -f pid
exit "$code"
`

/** $1 folder. Ends what works there still, if anything does, and waits until it has. */
export const END = `
cd "$1" 2>/dev/null || exit 0
rm -f key
[ -f pid ] || exit 0
pid=$(cat pid)
case $pid in ''|*[!0-9]*) rm -f pid; exit 0 ;; esac
is_ours() {
  kill -0 "$pid" 2>/dev/null || return 1
  if [ -r "/proc/$pid/cmdline" ]; then tr '\\0' ' ' < "/proc/$pid/cmdline" | grep -qF "$1/"
  else ps -o args= -p "$pid" | grep -qF "$1/"; fi
}
left=$2
is_ours "$1" && kill -TERM "$pid"
while is_ours "$1" && [ "$left" -gt 0 ]; do sleep 1; left=$((left - 1)); done
is_ours "$1" && kill -KILL "$pid"
while is_ours "$1"; do sleep 1; done
rm -f pid
`

/** $1 directory. Tells what stands in it: deployment, begun, vacant or other. */
export const WHAT_STANDS = `
if [ -f "$1/vetrai.yml" ]; then echo deployment
elif [ -f "$1/lock.json" ]; then echo begun
elif [ ! -e "$1" ] || [ -z "$(ls -A "$1")" ]; then echo vacant
else echo other; fi
`

/** $1 directory of a deployment that was begun and is none yet: nothing can run from it. */
export const REMOVE_BEGUN = `[ -f "$1/lock.json" ] && [ ! -e "$1/vetrai.yml" ] && rm -rf -- "$1"`

/** $1 folder that a move made beside the directory. */
export const REMOVE_STAGING = `case $1 in *moving-*) rm -rf -- "$1" ;; esac`
