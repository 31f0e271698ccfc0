#!/bin/sh
# Redirect TCP connections to ports of this pod, in chains of its own.
#
#   redirect.sh SECONDS VARIANT FAMILIES DIRECTION TO PORTS NOT_PORTS NOT_USERS NOT_NETWORKS [DIRECTION TO ...]
#
# VARIANT is nft or legacy, FAMILIES 4, 6 or 46, DIRECTION in or out; the last four are lists with commas, and empty
# PORTS are all of them. A connection that is excluded stays as it is; one out to this pod itself does too.
# Exit code: 0 the rules are there, 1 the kernel refused them, 2 wrong arguments, 124 the deadline came, 143 asked to
# stop.
# Needs sleep and iptables-VARIANT, -restore and -save; those of ip6tables for IPv6.
set -euf
# shellcheck source=SCRIPTDIR/../configuring/step.sh
. "${0%/*}/step.sh"
# shellcheck source=SCRIPTDIR/change.sh
. "${0%/*}/change.sh"
# shellcheck source=SCRIPTDIR/tables.sh
. "${0%/*}/tables.sh"

work() {
    if [ "$#" -lt 8 ] || [ "$((($# - 2) % 6))" -ne 0 ]; then wrong_arguments; fi
    variant=$1 families=$2 rules4='' rules6=''
    shift 2
    case "$variant" in nft | legacy) ;; *) wrong_arguments ;; esac
    check "$@"
    case "$families" in 4 | 6 | 46) ;; *) wrong_arguments ;; esac
    case "$families" in *4*) rules4=$(table 4 "$@") ;; esac
    case "$families" in *6*) rules6=$(table 6 "$@") ;; esac
    put_both "$variant" "$rules4" "$rules6" --noflush
    say "redirect: $(($# / 6)) in place, for IPv$families"
}

check() {
    index=0
    for word; do
        case "$((index % 6))" in
        0) case "$word" in in | out) ;; *) wrong_arguments ;; esac ;;
        1) only 0-9 "${word:-no port}" ;;
        5) only 0-9a-fA-F.:/, "$word" ;;
        *) only 0-9, "$word" ;;
        esac
        index=$((index + 1))
    done
}

# The lines "-A CHAIN MATCH WORD -j RETURN", one for each word of a list.
except() {
    for word in $3; do
        echo "-A $1 $2 $word -j RETURN"
    done
}

# The chain of one redirection: TO PORTS NOT_PORTS NOT_USERS NOT_NETWORKS, in family $family and direction $direction.
chain() {
    peer=-s
    if [ "$direction" = out ]; then
        peer=-d
        echo "-A $name -o lo -j RETURN"
        except "$name" "-m owner --uid-owner" "$4"
    fi
    for network in $5; do
        case "$network" in *:*) of=6 ;; *) of=4 ;; esac
        [ "$of" != "$family" ] || except "$name" "$peer" "$network"
    done
    except "$name" "-p tcp --dport" "$3"
    [ -n "$2" ] || echo "-A $name -p tcp -j REDIRECT --to-ports $1"
    for port in $2; do
        echo "-A $name -p tcp --dport $port -j REDIRECT --to-ports $1"
    done
}

# The table for family $1: chains that are named anew are emptied first, and the rest of the table stays.
table() {
    family=$1
    shift
    echo "*nat"
    echo ":INITCONSTRUCTS_IN - [0:0]"
    echo ":INITCONSTRUCTS_OUT - [0:0]"
    number=0
    while [ "$#" -gt 0 ]; do
        number=$((number + 1)) direction=$1
        name=INITCONSTRUCTS_$number
        case "$direction" in in) from=INITCONSTRUCTS_IN ;; *) from=INITCONSTRUCTS_OUT ;; esac
        echo ":$name - [0:0]"
        echo "-A $from -j $name"
        IFS=,
        chain "$2" "$3" "$4" "$5" "$6"
        unset IFS
        shift 6
    done
    jump PREROUTING INITCONSTRUCTS_IN
    jump OUTPUT INITCONSTRUCTS_OUT
    echo "COMMIT"
}

jump() {
    case "$family" in 4) tool=iptables ;; *) tool=ip6tables ;; esac
    "$tool-$variant" -t nat -C "$1" -j "$2" 2>/dev/null || echo "-A $1 -j $2"
}

within "$@"
