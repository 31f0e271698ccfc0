#!/bin/sh
# Put routes in place, replacing those to the same network; all or none.
#
#   routes.sh SECONDS NETWORK VIA DEVICE METRIC [NETWORK VIA DEVICE METRIC...]
#
# VIA, DEVICE and METRIC may be empty, but not both of the first two.
# Exit code: 0 they are there, 1 the kernel refused one, 2 wrong arguments, 124 the deadline came, 143 asked to stop.
# Needs ip and sleep, which busybox has, or iproute2 and coreutils.
set -euf
# shellcheck source=SCRIPTDIR/../configuring/step.sh
. "${0%/*}/step.sh"
# shellcheck source=SCRIPTDIR/change.sh
. "${0%/*}/change.sh"

work() {
    if [ "$#" -lt 4 ] || [ "$(($# % 4))" -ne 0 ]; then wrong_arguments; fi
    check "$@"
    count=$(($# / 4)) back=
    undoable
    while [ "$#" -gt 0 ]; do
        add "$@"
        shift 4
    done
    keep
    say "routes: $count in place"
}

check() {
    index=0
    for word; do
        case "$((index % 4))" in
        0 | 1) only 0-9a-fA-F.:/ "$word" ;;
        2) only 0-9a-zA-Z._- "$word" ;;
        3) only 0-9 "$word" ;;
        esac
        index=$((index + 1))
    done
}

# What takes it back is noted first: the route goes, and those come that are to the same network now.
add() {
    case "$1" in *:*) family=-6 ;; *) family=-4 ;; esac
    route="$1${2:+ via $2}${3:+ dev $3}${4:+ metric $4}"
    back="$family route del $route
$(ip "$family" route show exact "$1" | while read -r line; do echo "$family route replace $line"; done)
$back"
    # shellcheck disable=SC2086 # words, checked above
    run ip "$family" route replace $route || fail "$1: the kernel refused the route, see above; nothing was changed"
}

# shellcheck disable=SC2317 # change.sh calls it
undo() {
    while read -r line; do
        # shellcheck disable=SC2086 # words: checked above, or ip's own
        [ -z "$line" ] || ip $line 2>/dev/null || :
    done <<LINES
$back
LINES
}

within "$@"
