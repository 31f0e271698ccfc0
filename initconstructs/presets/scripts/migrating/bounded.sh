#!/bin/sh
# Run a command, and end it at the deadline.
#
#   bounded.sh SECONDS COMMAND [ARGUMENT...]
#
# Exit code: the command's, its own too when it was asked to stop (143 if it hears no signal); 124 the deadline came,
# 2 wrong arguments, 127 there is no such command.
# Needs timeout, which coreutils and busybox have.
set -eu

usage() {
    echo "usage: bounded.sh SECONDS COMMAND [ARGUMENT...]" >&2
    exit 2
}

[ "$#" -ge 2 ] || usage
case "$1" in *[!0-9]* | "") usage ;; esac
[ "$1" -gt 0 ] || usage

if ! command -v "$2" >/dev/null; then
    printf '%s: no such command in this image\n' "$2"
    exit 127
fi

# The hundredths of a second that the machine is up.
uptime() {
    read -r up _ </proc/uptime
    now=$((${up%.*} * 100 + 1${up#*.} - 100))
}

# Whether what runs is still a copy of this shell, in which a signal is lost; then it becomes the command.
begins() {
    ours=
    theirs=
    read -r ours <"/proc/$$/cmdline" || true
    read -r theirs <"/proc/$running/cmdline" || true
    [ -n "$theirs" ] && [ "$theirs" = "$ours" ]
}

stop() {
    stopped=yes
    [ -n "$running" ] || return 0
    while begins; do :; done 2>/dev/null
    kill -TERM "$running" 2>/dev/null || true
}

uptime
deadline=$((now + $1 * 100))
code=0
stopped=
running=
trap stop TERM
# Not as process 1, which would not hear the signals that it has no handler for; in the background, so that this hears them.
timeout -k 10 "$@" &
running=$!
[ -z "$stopped" ] || stop
stopped=
wait "$running" || code=$?
# A signal ends a wait, which then tells of the signal; the shell keeps the command's own code until it is asked for
# (127 or -1: it has told it).
while [ -n "$stopped" ]; do
    stopped=
    again=0
    wait "$running" || again=$?
    case "$again" in 127 | -*) ;; *) code=$again ;; esac
done

# Whatever it says of itself: a tool may end well when it is stopped, with its work undone.
uptime
if [ "$now" -ge "$deadline" ]; then
    printf '%s: gave up: the deadline came\n' "$2"
    exit 124
fi
exit "$code"
