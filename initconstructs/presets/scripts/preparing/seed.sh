#!/bin/sh
# Fill a directory that holds no data yet; once it does, do nothing.
#
#   seed.sh SECONDS PODS FOUND MODE DIRECTORY copy SOURCE...
#   seed.sh SECONDS PODS FOUND MODE DIRECTORY unpack ARCHIVE
#   seed.sh SECONDS PODS FOUND MODE DIRECTORY run COMMAND [ARGUMENT...]
#
# PODS is all, first or others; ORDINAL is the pod's ordinal unless it is all. FOUND is a path in DIRECTORY that tells
# that there are data, or empty: then anything does. MODE is empty to keep the modes of the source.
# The data are made in DIRECTORY/.initconstructs-seed/new, whose name becomes `whole` once they are; so a run that was
# killed while it placed them is finished by the next one. No other step clears that directory away.
# Exit code: 0 there are data or none are wanted, 1 failed, 2 wrong arguments, 124 the deadline came, 143 asked to stop.
set -eu
# shellcheck source=SCRIPTDIR/../configuring/step.sh
. "${0%/*}/step.sh"

work() {
    [ "$#" -ge 6 ] || wrong_arguments
    pods=$1 found=$2 mode=$3 directory=$4 how=$5
    shift 5
    if ! concerned; then
        say "nothing to do in the pod with ordinal $ORDINAL"
        return
    fi
    work=$directory/.initconstructs-seed
    if is_directory "$work/whole"; then
        say "$directory: finishing what an earlier run began"
    elif holds_data; then
        rm -rf "$work"
        say "$directory: there are data already"
        return
    else
        prepare "$@"
    fi
    place "$work/whole" "$directory"
    to_disk
    rm -rf "$work"
    say "$directory: seeded"
}

concerned() {
    [ "$pods" != all ] || return 0
    case ${ORDINAL:-} in '' | *[!0-9]*)
        fail "the pod has no label apps.kubernetes.io/pod-index: pods of a StatefulSet have, from Kubernetes 1.28" ;;
    esac
    case $pods in first) [ "$ORDINAL" -eq 0 ] ;; *) [ "$ORDINAL" -gt 0 ] ;; esac
}

holds_data() {
    if [ -n "$found" ]; then
        exists "$directory/$found"
        return
    fi
    for each in "$directory"/* "$directory"/.[!.]* "$directory"/..?*; do
        case ${each##*/} in lost+found | .snapshot | .initconstructs*) continue ;; esac
        if exists "$each"; then return 0; fi
    done
    return 1
}

prepare() {
    open_work "$directory" "${work##*/}"
    mkdir "$work/new"
    case $how in
        copy)
            for source in "$@"; do
                copy "$source" "$work/source"
                place "$work/source" "$work/new"
            done
            ;;
        unpack) unpack "$1" ;;
        run) (cd "$work/new" && "$@") || fail "$1: exit code $?; $directory is as it was" ;;
        *) wrong_arguments ;;
    esac
    open_directories "$work/new"
    if [ -n "$mode" ]; then set_modes "$work/new" "$mode"; fi
    hand_on_group "$directory"
    to_disk
    mv "$work/new" "$work/whole"
    to_disk
    trap - EXIT
}

unpack() {
    case $1 in *.tar) flags=-xf ;; *) flags=-xzf ;; esac
    code=0
    said=$(tar -C "$work/new" "$flags" "$1" 2>&1) || code=$?
    [ -z "$said" ] || say "$said"
    # That of busybox goes on, and succeeds, without a directory or a link that it could not make.
    case $said in *"tar: can't "*) code=1 ;; esac
    [ "$code" -eq 0 ] || fail "$1: can't be unpacked, see above; $directory is as it was"
}

# The data outlive the node's power: they, and only then their name, reach the disk.
to_disk() {
    sync -f "$directory" 2>/dev/null || sync
}

within "$@"
