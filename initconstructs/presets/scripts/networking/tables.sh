# What the scripts share that put packet filters in place by the tools of a variant, nft or legacy.
# To be sourced after change.sh.
# shellcheck shell=sh

# Put text $2 in place for IPv4 and $3 for IPv6 by the tools of variant $1; either text may be empty, and the others are
# options of the tools.
# A trial of both comes first, and sees mistakes of writing; what the kernel does not take shows only then.
put_both() {
    variant=$1 text4=$2 text6=$3
    shift 3
    put iptables "$text4" --test "$@"
    put ip6tables "$text6" --test "$@"
    before4=$(now iptables "$text4")
    before6=$(now ip6tables "$text6")
    undoable
    put iptables "$text4" "$@"
    put ip6tables "$text6" "$@"
    keep
}

put() {
    [ -n "$2" ] || return 0
    tool=$1-$variant-restore text=$2
    shift 2
    run reading "$text" "$tool" "$@" || fail "$tool: refused, see above; nothing was changed"
}

reading() {
    text=$1
    shift
    exec "$@" <<TEXT
$text
TEXT
}

# The tables that text $2 names, as they are: an empty one where there is none.
now() {
    while read -r line; do
        case "$line" in
        \**)
            table=$("$1-$variant-save" -t "${line#?}")
            printf '%s\n' "${table:-$line
COMMIT}"
            ;;
        esac
    done <<TEXT
$2
TEXT
}

undo() {
    [ -z "$before4" ] || (reading "$before4" "iptables-$variant-restore") || :
    [ -z "$before6" ] || (reading "$before6" "ip6tables-$variant-restore") || :
}
