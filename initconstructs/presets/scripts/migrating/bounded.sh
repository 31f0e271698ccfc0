#!/bin/sh
# Run a command, and end it at the deadline.
#
#   bounded.sh SECONDS COMMAND [ARGUMENT...]
#
# Exit code: the command's; 124 the deadline came, 2 wrong arguments, 127 there is no such command, 143 asked to stop.
# Needs date and timeout, which coreutils and busybox have.
set -eu

usage() {
    echo "usage: bounded.sh SECONDS COMMAND [ARGUMENT...]" >&2
    exit 2
}

[ "$#" -ge 2 ] || usage
case "$1" in *[!0-9]* | "") usage ;; esac
[ "$1" -gt 0 ] || usage

if ! command -v "$2" >/dev/null; then
    printf '%s: no such command in this image\n' "$2"
    exit 127
fi

deadline=$(($(date +%s) + $1))
code=0
# Not as process 1, which would not hear the signals that it has no handler for; in the background, so that this hears them.
timeout -k 10 "$@" &
running=$!
trap 'kill -TERM "$running" 2>/dev/null || true' TERM
wait "$running" || code=$?
while kill -0 "$running" 2>/dev/null; do
    wait "$running" || code=$?
done

if [ "$code" -ne 0 ] && [ "$(date +%s)" -ge "$deadline" ]; then
    printf '%s: gave up: the deadline came\n' "$2"
    exit 124
fi
exit "$code"
