#!/bin/sh
# Give directories and all in them to a user and a group, where they are not theirs already.
#
#   chown.sh SECONDS OnRootMismatch|Always USER GROUP MODE DIRECTORY...
#
# The directory itself comes last. So when it is right all is, and a run that was killed is finished by the next one.
# With OnRootMismatch only the directory is looked at, else everything. MODE is empty to keep the modes. Links are given
# away themselves, not what they lead to; other mounts and .snapshot are left alone.
# Exit code: 0 done, 1 failed, 2 wrong arguments, 124 the deadline came, 143 asked to stop.
set -eu
# shellcheck source=SCRIPTDIR/../configuring/step.sh
. "${0%/*}/step.sh"

work() {
    [ "$#" -ge 5 ] || wrong_arguments
    policy=$1 user=$2 group=$3 mode=$4
    shift 4
    run=$mode
    if [ -n "$mode" ]; then run=$(printf '%04o' "$((mode | (mode & 0444) >> 2))"); fi
    for directory in "$@"; do
        { cd "$directory" && give; } || fail "$directory: not all could be given to $user:$group, see above"
    done
}

give() {
    if [ "$policy" = OnRootMismatch ] && right; then
        say "$directory: belongs to $user:$group already"
        return
    fi
    # Tools complain of what vanishes meanwhile: another look tells whether there was more.
    given || given || given || return
    chown "$user:$group" . || return
    say "$directory: given to $user:$group"
}

given() {
    below \( ! -user "$user" -o ! -group "$group" \) -exec chown -h "$user:$group" {} + || return
    if [ -n "$mode" ]; then
        below -type d ! -perm "$run" -exec chmod "$run" {} + || return
        below -type f -perm -100 ! -perm "$run" -exec chmod "$run" {} + || return
        below -type f ! -perm -100 ! -perm "$mode" -exec chmod "$mode" {} + || return
        chmod "$run" . || return
    fi
}

# find does not go into other mounts, but names them.
below() {
    here=$(pwd -P)
    while read -r _ _ _ _ point _; do
        case $point in "$here"/*) set -- -path ".${point#"$here"}" -prune -o "$@" ;; esac
    done </proc/self/mountinfo
    find . -mindepth 1 -xdev -path ./.snapshot -prune -o "$@"
}

right() {
    [ "$(stat -c %u:%g .)" = "$user:$group" ] || return
    [ -z "$mode" ] || [ "$((0$(stat -c %a .) & 0777))" -eq "$((run))" ]
}

within "$@"
