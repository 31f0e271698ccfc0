#!/bin/sh
# Redirect TCP connections to ports of this pod, in chains of its own.
#
#   redirect.sh VARIANT FAMILIES DIRECTION TO PORTS NOT_PORTS NOT_USERS NOT_NETWORKS [DIRECTION TO ...]
#
# VARIANT is nft or legacy, FAMILIES 4, 6 or 46, DIRECTION in or out; the last four are lists with commas, and empty
# PORTS are all of them. A connection that is excluded stays as it is; one out to this pod itself does too.
# Exit code: 0 the rules are there, 1 the kernel refused them, 2 wrong arguments, 143 asked to stop.
# Needs iptables-VARIANT, -restore and -save, and for IPv6 the first two of ip6tables.
set -euf
trap 'exit 143' TERM

fail() {
    echo "redirect: $2"
    exit "$1"
}

check() {
    case "$2" in *[!$1]*) fail 2 "wrong argument: $2" ;; esac
}

tool() {
    [ "$1" = 4 ] && echo iptables || echo ip6tables
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
    "$(tool "$family")-$variant" -t nat -C "$1" -j "$2" 2>/dev/null || echo "-A $1 -j $2"
}

# The text is whole before the tool starts: the legacy one locks the tables, and "jump" asks them.
put() {
    text=$(table "$@")
    said=$(echo "$text" | "$(tool "$1")-$variant-restore" --noflush ${trial:+--test} 2>&1) || {
        [ -z "$before" ] || echo "$before" | "iptables-$variant-restore"
        fail 1 "IPv$1: $said"
    }
}

if [ "$#" -lt 8 ] || [ "$((($# - 2) % 6))" -ne 0 ]; then
    fail 2 "usage: redirect.sh VARIANT FAMILIES DIRECTION TO ..."
fi
variant=$1 families=$2
shift 2
case "$variant" in nft | legacy) ;; *) fail 2 "no such variant: $variant" ;; esac
case "$families" in 4 | 6 | 46) ;; *) fail 2 "no such families: $families" ;; esac
index=0
for word; do
    case "$((index % 6))" in
    0) case "$word" in in | out) ;; *) fail 2 "no such direction: $word" ;; esac ;;
    1) check 0-9 "${word:-no port}" ;;
    5) check 0-9a-fA-F.:/, "$word" ;;
    *) check 0-9, "$word" ;;
    esac
    index=$((index + 1))
done

# A test sees mistakes of writing; what the kernel does not take shows only afterwards, and takes IPv4 back with it.
before=
nothing="*nat
COMMIT"
saved=
[ "$families" != 46 ] || saved=$("iptables-$variant-save" -t nat)
for trial in yes ""; do
    case "$families" in *4*) put 4 "$@" ;; esac
    case "$families$trial" in 46) before=${saved:-$nothing} ;; esac
    case "$families" in *6*) put 6 "$@" ;; esac
done
echo "redirect: $((index / 6)) in place, for IPv$families"
