#!/bin/sh
# Put the tables of rule files in place, each whole or not at all.
#
#   restore.sh VARIANT FILE4 FILE6
#
# VARIANT is nft or legacy; FILE4 and FILE6 are texts of iptables-save, and one of them may be empty.
# Exit code: 0 they are there, 1 a file has a mistake or the kernel refused, 2 wrong arguments, 143 asked to stop.
# Needs iptables-VARIANT-restore, and ip6tables-VARIANT-restore for FILE6.
set -eu
trap 'exit 143' TERM

fail() {
    echo "restore: $2"
    exit "$1"
}

put() {
    [ -z "$2" ] || said=$("$1-$variant-restore" ${3:+"$3"} 2>&1 <"$2") || fail 1 "$2: $said"
}

if [ "$#" -ne 3 ] || [ -z "$2$3" ]; then
    fail 2 "usage: restore.sh VARIANT FILE4 FILE6"
fi
variant=$1
case "$variant" in nft | legacy) ;; *) fail 2 "no such variant: $variant" ;; esac

# Both are tried before one is put in place.
put iptables "$2" --test
put ip6tables "$3" --test
put iptables "$2" ""
put ip6tables "$3" ""
echo "restore: in place"
