#!/bin/sh
# Create, empty and remove directories of a volume, and never what a link in it leads to.
#
#   directories.sh SECONDS DIRECTORY [create MODE PATH | empty PATH | remove PATH]...
#
# PATH is relative to DIRECTORY. What is removed may be a file.
# Exit code: 0 done, 1 failed, 2 wrong arguments, 124 the deadline came, 143 asked to stop.
set -eu
# shellcheck source=SCRIPTDIR/../configuring/step.sh
. "${0%/*}/step.sh"

work() {
    [ "$#" -ge 3 ] || wrong_arguments
    cd "$1" || fail "$1: no such directory; mount a volume there"
    directory=$1
    shift
    while [ "$#" -gt 1 ]; do
        case $1 in
            create)
                create "$2" "./$3"
                shift
                ;;
            empty) empty "./$2" ;;
            remove) remove "./$2" ;;
            *) wrong_arguments ;;
        esac
        shift 2
    done
}

create() {
    no_link "$2"
    if [ ! -d "$2" ]; then
        mkdir -p "$2" || fail "$2: user $(id -u) can't create it in $directory"
        say "$2: created"
    fi
    if [ "$((0$(stat -c %a "$2") & 0777))" -ne "$(($1))" ]; then
        chmod "$1" "$2" || fail "$2: user $(id -u) is not its owner, who alone can give it mode $1"
        if [ -g . ]; then chmod g+s "$2"; fi
        say "$2: mode $1"
    fi
}

empty() {
    no_link "$1"
    [ -d "$1" ] || return 0
    find "$1" -mindepth 1 -maxdepth 1 -exec rm -rf {} + || fail "$1: user $(id -u) can't empty it"
}

remove() {
    no_link "${1%/*}"
    exists "$1" || return 0
    # lost+found is root's and closed, but empty: who owns the volume's directory may remove it, and not look into it.
    rmdir "$1" 2>/dev/null || rm -rf "$1" || fail "$1: user $(id -u) can't remove it"
    say "$1: removed"
}

# No part of the path is a link, which could lead out of the volume.
no_link() {
    rest=${1#.}/
    rest=${rest#/}
    at=.
    while [ -n "$rest" ]; do
        at=$at/${rest%%/*}
        rest=${rest#*/}
        if [ -L "$at" ]; then fail "$at: is a symbolic link, which is not followed"; fi
    done
}

within "$@"
