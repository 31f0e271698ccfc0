#!/bin/sh
# Put the tables of rule files in place, all or none.
#
#   restore.sh SECONDS VARIANT FILE4 FILE6
#
# VARIANT is nft or legacy; FILE4 and FILE6 are texts of iptables-save, and one of them may be empty.
# Exit code: 0 they are there, 1 a file has a mistake or the kernel refused, 2 wrong arguments, 124 the deadline came,
# 143 asked to stop.
# Needs cat and sleep; iptables-VARIANT-restore and -save for FILE4, those of ip6tables for FILE6.
set -euf
# shellcheck source=SCRIPTDIR/../configuring/step.sh
. "${0%/*}/step.sh"
# shellcheck source=SCRIPTDIR/change.sh
. "${0%/*}/change.sh"
# shellcheck source=SCRIPTDIR/tables.sh
. "${0%/*}/tables.sh"

work() {
    if [ "$#" -ne 3 ] || [ -z "$2$3" ]; then wrong_arguments; fi
    case "$1" in nft | legacy) ;; *) wrong_arguments ;; esac
    rules4=$(read_file "$2") || fail "$2: can't be read, see above; nothing was changed"
    rules6=$(read_file "$3") || fail "$3: can't be read, see above; nothing was changed"
    put_both "$1" "$rules4" "$rules6"
    say "restore: in place"
}

read_file() {
    [ -z "$1" ] || cat "$1"
}

within "$@"
