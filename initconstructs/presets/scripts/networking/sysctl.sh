#!/bin/sh
# Set kernel parameters and read each back; before the first, see that all of them can be set.
#
#   sysctl.sh NAME VALUE [NAME VALUE...]
#
# Exit code: 0 they are set, 1 the kernel has no such parameter or refused, 2 wrong arguments, 143 asked to stop.
# Needs cat and tr, which coreutils and busybox have.
set -euf
trap 'exit 143' TERM

fail() {
    echo "sysctl: $2"
    exit "$1"
}

place() {
    printf '/proc/sys/%s' "$(printf '%s' "$1" | tr . /)"
}

# One space between words: the kernel writes tabs.
words() {
    # shellcheck disable=SC2086 # split on purpose; set -f keeps patterns as they are
    set -- $1
    echo "$*"
}

current() {
    words "$(cat "$(place "$1")")"
}

if [ "$#" -lt 2 ] || [ "$(($# % 2))" -ne 0 ]; then
    fail 2 "usage: sysctl.sh NAME VALUE [NAME VALUE...]"
fi

index=0
for word; do
    index=$((index + 1))
    [ "$((index % 2))" -eq 1 ] || continue
    case "$word" in '' | *[!a-z0-9._-]* | .* | *..*) fail 2 "$word is no name of a parameter" ;; esac
    [ -w "$(place "$word")" ] || fail 1 "$word: this kernel has no such parameter, or it is read-only here"
done

while [ "$#" -gt 0 ]; do
    name=$1 value=$(words "$2")
    shift 2
    before=$(current "$name")
    [ "$before" != "$value" ] || continue
    printf '%s\n' "$value" 2>/dev/null >"$(place "$name")" || fail 1 "$name: the kernel refused $value"
    [ "$(current "$name")" = "$value" ] || fail 1 "$name: set to $value, but it reads $(current "$name")"
    echo "sysctl: $name: $before, now $value"
done
echo "sysctl: all set"
