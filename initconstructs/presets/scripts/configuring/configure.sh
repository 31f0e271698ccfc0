#!/bin/sh
# Copy files into a directory, ${NAME} in them replaced by the value of the variable.
#
#   configure.sh SECONDS MODE DIRECTORY SOURCE... [NAME | NAME=DEFAULT]...
#
# A SOURCE is an absolute path; of two that hold the same file, the later counts. A NAME without a default must be set
# and must stand in some file. Each file appears whole; when one can't be made, none does.
# Exit code: 0 done, 1 failed, 2 wrong arguments, 124 the deadline came, 143 asked to stop.
set -eu
# shellcheck source=SCRIPTDIR/step.sh
. "${0%/*}/step.sh"

# Values are taken from the environment and put in as they are: no pattern, no escape, no second look at them.
# shellcheck disable=SC2016
SUBSTITUTE='
BEGIN {
    ORS = ""
    for (i = 1; i < ARGC; i++) {
        at = index(ARGV[i], "=")
        name = at ? substr(ARGV[i], 1, at - 1) : ARGV[i]
        if (name in ENVIRON) value[name] = ENVIRON[name]
        else if (at) value[name] = substr(ARGV[i], at + 1)
        ARGV[i] = ""
    }
}
NR > 1 { print line "\n" }
{
    line = ""
    rest = $0
    while ((at = index(rest, "${")) > 0) {
        line = line substr(rest, 1, at - 1)
        rest = substr(rest, at + 2)
        end = index(rest, "}")
        name = substr(rest, 1, end - 1)
        if (end > 1 && (name in value)) {
            line = line value[name]
            rest = substr(rest, end + 1)
        } else line = line "${"
    }
    line = line rest
}
END { print line }
'

work() {
    [ "$#" -ge 3 ] || wrong_arguments
    mode=$1 directory=$2 count=0
    shift 2
    umask 077
    open_work "$directory" .initconstructs
    while case ${1:-} in /*) ;; *) false ;; esac do
        count=$((count + 1))
        copy "$1" "$work/$count"
        shift
    done
    if [ "$#" -gt 0 ]; then
        # A template may be read-only, or readable by a group alone; the modes of the files come last.
        find "$work" -type f ! -perm -600 -exec chmod u+rw {} +
        for name in "$@"; do
            check "$name"
        done
        substitute_below "$work" "$@"
    fi
    set_modes "$work" "$mode"
    hand_on_group "$directory"
    at=0
    while [ "$at" -lt "$count" ]; do
        at=$((at + 1))
        place "$work/$at" "$directory"
    done
    say "wrote $directory"
}

# A variable without a default is set, and is asked for: else a name is misspelt, here or there.
check() {
    case $1 in *=*) return ;; esac
    awk 'BEGIN { exit !(ARGV[1] in ENVIRON) }' "$1" || fail "$1: is not set and has no default; nothing was changed"
    grep -rqF -e "\${$1}" "$work" || fail "$1: no file asks for it; nothing was changed"
}

substitute_below() {
    in=$1
    shift
    for each in "$in"/* "$in"/.[!.]* "$in"/..?*; do
        if is_directory "$each"; then
            (substitute_below "$each" "$@")
        elif [ -f "$each" ] && [ ! -L "$each" ] && asks "$each" "$@"; then
            substitute "$each" "$@" || fail "${each##*/}: can't be written, see above; nothing was changed"
        fi
    done
}

# A text file with one of the variables in it.
asks() {
    file=$1
    shift
    for name in "$@"; do
        if grep -qF -e "\${${name%%=*}}" "$file"; then
            [ "$(tr -d '\000' <"$file" | wc -c)" -eq "$(wc -c <"$file")" ]
            return
        fi
    done
    return 1
}

# A last character of our own tells that all was read, and whether the last line ends. The shell writes: awk of busybox
# does not notice a full disk.
substitute() {
    file=$1
    shift
    text=$({ cat "$file" && echo .; } | LC_ALL=C awk "$SUBSTITUTE" "$@") || return
    [ "${text%.}" != "$text" ] || return
    printf %s "${text%.}" >"$file"
}

within "$@"
