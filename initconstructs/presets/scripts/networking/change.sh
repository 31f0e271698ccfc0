# What the scripts share that change the network: all of it, or nothing when it is refused or the deadline comes.
# To be sourced after step.sh by a script that defines `undo`.
# shellcheck shell=sh

# From here until `keep`, whatever ends the work runs `undo`, which nothing interrupts.
undoable() {
    running=
    trap 'trap "" TERM; undo' EXIT
    trap 'trap "" TERM; end_running; exit 143' TERM
}

keep() {
    trap - EXIT TERM
}

# Run a command in the background, so that the request to stop is heard meanwhile.
run() {
    "$@" &
    running=$!
    wait "$running"
}

end_running() {
    [ -z "$running" ] || kill "$running" 2>/dev/null || :
    [ -z "$running" ] || wait "$running" || :
}

# Word $2 has the characters $1 alone.
only() {
    case "$2" in *[!$1]*) wrong_arguments ;; esac
}
