#!/bin/sh
# Put the tables of rule files in place, all or none.
#
#   restore.sh VARIANT FILE4 FILE6
#
# VARIANT is nft or legacy; FILE4 and FILE6 are texts of iptables-save, and one of them may be empty.
# Exit code: 0 they are there, 1 a file has a mistake or the kernel refused, 2 wrong arguments, 143 asked to stop.
# Needs iptables-VARIANT-restore and iptables-VARIANT-save, and ip6tables-VARIANT-restore for FILE6.
set -euf
trap 'exit 143' TERM

fail() {
    echo "restore: $2"
    exit "$1"
}

put() {
    [ -z "$2" ] || said=$("$1-$variant-restore" ${3:+"$3"} 2>&1 <"$2")
}

# The tables that file $1 names, as they are now.
saved() {
    while read -r line; do
        case "$line" in
        \**)
            table=$(iptables-"$variant"-save -t "${line#?}")
            printf '%s\n' "${table:-$line
COMMIT}"
            ;;
        esac
    done <"$1"
}

if [ "$#" -ne 3 ] || [ -z "$2$3" ]; then
    fail 2 "usage: restore.sh VARIANT FILE4 FILE6"
fi
variant=$1
case "$variant" in nft | legacy) ;; *) fail 2 "no such variant: $variant" ;; esac

put iptables "$2" --test || fail 1 "$2: $said"
put ip6tables "$3" --test || fail 1 "$3: $said"
# A test sees mistakes of writing; what the kernel does not take shows only now.
before=
[ -z "$2" ] || before=$(saved "$2")
put iptables "$2" "" || fail 1 "$2: $said"
if ! put ip6tables "$3" ""; then
    [ -z "$before" ] || echo "$before" | iptables-"$variant"-restore
    fail 1 "$3: $said"
fi
echo "restore: in place"
