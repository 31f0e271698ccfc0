# What the steps that work on files share: their deadline, and trees of files that appear whole.
# To be sourced by a script that defines `work` and ends with `within "$@"`.
# shellcheck shell=sh

say() {
    printf '%s\n' "$1"
}

fail() {
    say "$1"
    exit 1
}

# Run `work` with the arguments after the first, for at most that many seconds.
within() {
    case ${1:-} in '' | 0* | *[!0-9]*) wrong_arguments ;; esac
    seconds=$1 asked=
    shift
    trap 'stop 124 "gave up after $seconds s"' ALRM
    # Forked before there is a trap for TERM: until a new shell has dropped its parent's traps, it loses what they hear.
    (trap 'kill "$!"' TERM; sleep "$seconds" & wait "$!" && kill -s ALRM "$$") >/dev/null 2>&1 &
    watch=$!
    trap 'asked=yes' TERM
    work "$@" &
    worker=$!
    trap 'stop 143 "asked to stop"' TERM
    [ -z "$asked" ] || stop 143 "asked to stop"
    code=0
    wait "$worker" || code=$?
    kill "$watch" 2>/dev/null || :
    exit "$code"
}

stop() {
    kill "$watch" 2>/dev/null || :
    if kill "$worker" 2>/dev/null; then
        # Again, should it have been too new to hear that.
        (sleep 1 && kill "$worker") >/dev/null 2>&1 &
    fi
    # It may take back what it did, or have ended just now.
    ! wait "$worker" || exit 0
    say "$2"
    exit "$1"
}

wrong_arguments() {
    say "wrong arguments; see the first lines of $0"
    exit 2
}

# Make $work, where trees are made before they are placed: the directory $2 in $1, so that a rename places them.
# What a killed run left in it goes.
open_work() {
    [ -d "$1" ] || fail "$1: no such directory; mount a volume there"
    work=$1/$2
    if is_directory "$work"; then open_directories "$work"; fi
    rm -rf "$work"
    (umask 077 && mkdir "$work") || fail "$1: user $(id -u) can't write here; run as its owner, or let fsGroup give it to the group"
    trap 'rm -rf "$work"' EXIT
}

# Copy the file or directory $1 into the new directory $2. Links inside are copied as links.
# In a volume of the kubelet's the files are links into the directory ..data: what counts is what that holds.
copy() {
    mkdir -p "$2"
    if [ -L "$1/..data" ]; then
        (cd -P "$1/..data" && cp -RP . "$2/") || fail "$1: can't be copied, see above; nothing was changed"
    elif [ -d "$1" ]; then
        cp -RP "$1/." "$2/" || fail "$1: can't be copied, see above; nothing was changed"
    else
        cp "$1" "$2/" || fail "$1: can't be copied, see above; nothing was changed"
    fi
    open_directories "$2"
}

# Let their owner read, move and fill the directories in $1, one after another: find goes into what has been opened.
open_directories() {
    find "$1" -type d ! -perm -700 -exec chmod u+rwx {} \;
}

# Give the files in $1 the mode $2; whoever may read a directory or something executable may also enter or run it.
set_modes() {
    run=$(printf '%04o' "$(($2 | ($2 & 0444) >> 2))")
    enter=$(printf '%04o' "$((run | 0700))")
    find "$1" -mindepth 1 -type d -exec chmod "$enter" {} +
    find "$1" -type f -perm -100 -exec chmod "$run" {} +
    find "$1" -type f ! -perm -100 -exec chmod "$2" {} +
}

# Let the new directories hand on their group if $1 does, as with fsGroup: cp and chmod of busybox make them forget it.
hand_on_group() {
    if [ -g "$1" ]; then find "$work" -type d -exec chmod g+s {} +; fi
}

# Move all that is in $1 to $2, each by one rename; a directory that both have is gone into. No link is followed.
place() {
    for each in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        exists "$each" || continue
        into=$2/${each##*/}
        if is_directory "$each" && is_directory "$into"; then
            (place "$each" "$into")
        elif is_directory "$into"; then
            fail "$into: is a directory, and a file is to go there"
        else
            # mv would go into the directory that a link leads to.
            if [ -L "$into" ] && [ -d "$into" ]; then rm "$into"; fi
            mv -f "$each" "$into"
        fi
    done
}

exists() {
    [ -e "$1" ] || [ -L "$1" ]
}

is_directory() {
    [ -d "$1" ] && [ ! -L "$1" ]
}
