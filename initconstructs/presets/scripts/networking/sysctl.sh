#!/bin/sh
# Set kernel parameters and read each back, all or none; before the first, see that all of them can be set.
#
#   sysctl.sh SECONDS NAME VALUE [NAME VALUE...]
#
# Exit code: 0 they are set, 1 the kernel has no such parameter or refused, 2 wrong arguments, 124 the deadline came,
# 143 asked to stop.
# Needs cat, sleep and tr, which coreutils and busybox have.
# shellcheck disable=SC2317 # change.sh calls them
set -euf
# shellcheck source=SCRIPTDIR/../configuring/step.sh
. "${0%/*}/step.sh"
# shellcheck source=SCRIPTDIR/change.sh
. "${0%/*}/change.sh"

work() {
    if [ "$#" -lt 2 ] || [ "$(($# % 2))" -ne 0 ]; then wrong_arguments; fi
    check "$@"
    before=$(values "$@")
    undoable
    while [ "$#" -gt 0 ]; do
        run assign "$1" "$(words "$2")" || exit 1
        shift 2
    done
    keep
    say "sysctl: all set"
}

check() {
    index=0
    for word; do
        index=$((index + 1))
        [ "$((index % 2))" -eq 1 ] || continue
        case "$word" in '' | *[!a-z0-9._-]* | .* | *..*) wrong_arguments ;; esac
        [ -w "$(place_of "$word")" ] || fail "$word: this kernel has no such parameter, or it is read-only here"
    done
}

values() {
    while [ "$#" -gt 0 ]; do
        echo "$1 $(current "$1")"
        shift 2
    done
}

assign() {
    is=$(current "$1")
    [ "$is" != "$2" ] || return 0
    write "$1" "$2" || fail "$1: the kernel refused $2; nothing was changed"
    [ "$(current "$1")" = "$2" ] || fail "$1: set to $2, but it reads $(current "$1"); nothing was changed"
    say "sysctl: $1: $is, now $2"
}

undo() {
    while read -r name value; do
        [ "$(current "$name")" = "$value" ] || write "$name" "$value" || :
    done <<LINES
$before
LINES
}

write() {
    printf '%s\n' "$2" 2>/dev/null >"$(place_of "$1")"
}

current() {
    words "$(cat "$(place_of "$1")")"
}

# One space between words: the kernel writes tabs.
words() {
    # shellcheck disable=SC2086 # split on purpose; set -f keeps patterns as they are
    set -- $1
    echo "$*"
}

place_of() {
    printf '/proc/sys/%s' "$(printf '%s' "$1" | tr . /)"
}

within "$@"
