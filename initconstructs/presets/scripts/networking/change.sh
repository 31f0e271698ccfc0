# What the scripts share that change the network: all of it, or nothing when it is refused or the deadline comes.
# To be sourced after step.sh by a script that defines `undo`.
# shellcheck shell=sh

# From here until `keep`, whatever ends the work runs `undo`, which nothing interrupts.
undoable() {
    trap 'trap "" TERM; undo' EXIT
    trap 'trap "" TERM; end_running; exit 143' TERM
}

# What is kept is whole: the request to stop comes too late.
keep() {
    trap '' TERM
    trap - EXIT
}

# Run a command in the background, so that the request to stop is heard meanwhile.
run() {
    "$@" &
    wait "$!"
}

# `$!` is there as soon as the command is; before the first it is the watch of step.sh.
end_running() {
    kill "$!" 2>/dev/null || :
    wait "$!" || :
}

# Word $2 has the characters $1 alone.
only() {
    case "$2" in *[!$1]*) wrong_arguments ;; esac
}
