#!/bin/sh
# Takes a file or options of the server, or any other command. Root becomes the server's own user.
set -eu
server=valkey-server
command -v $server >/dev/null || server=redis-server
case "${1:-}" in
  '') set -- $server --protected-mode no ;;
  -* | *.conf) set -- $server "$@" ;;
esac
if [ "$1" = $server ] && [ "$(id -u)" -eq 0 ]; then
  chown -R "${server%-server}:" /data
  exec setpriv --reuid="${server%-server}" --regid="${server%-server}" --clear-groups "$0" "$@"
fi
exec "$@"
