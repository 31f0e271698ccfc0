#!/bin/sh
# Run a command until it succeeds or the deadline has come.
#
#   retry.sh SECONDS SECONDS_EACH COMMAND [ARGUMENT...]
#
# Exit code: 0 it succeeded, 1 the deadline came, 2 wrong arguments, 127 there is no such command, 143 asked to stop.
# Needs date, sleep and timeout, which coreutils and busybox have.
set -eu

usage() {
    echo "usage: retry.sh SECONDS SECONDS_EACH COMMAND [ARGUMENT...]" >&2
    exit 2
}

say() {
    echo "$(($(date +%s) - began))s  $1"
}

[ "$#" -ge 3 ] || usage
case "$1$2" in *[!0-9]*) usage ;; esac
[ "$1" -gt 0 ] || usage
[ "$2" -gt 0 ] || usage

began=$(date +%s)
deadline=$((began + $1))
each=$2
shift 2
trap 'exit 143' TERM

if ! command -v "$1" >/dev/null; then
    say "$1: no such command in this image"
    exit 127
fi

seen=
while now=$(date +%s) && [ "$now" -lt "$deadline" ]; do
    left=$((deadline - now))
    code=0
    said=$(timeout -k 1 "$((left < each ? left : each))" "$@" 2>&1) || code=$?
    if [ "$code" -eq 0 ]; then
        say "$1: succeeded"
        exit 0
    fi
    if [ "$code: $said" != "$seen" ]; then
        seen="$code: $said"
        say "$1: exit code $seen"
    fi
    now=$(date +%s)
    left=$((deadline - now))
    pause=$((now - began < 60 ? 1 : 5))
    # In the background, so that the request to stop is heard meanwhile.
    sleep "$((left < pause ? (left > 0 ? left : 0) : pause))" &
    wait "$!"
done
say "$1: gave up; exit code $seen"
exit 1
