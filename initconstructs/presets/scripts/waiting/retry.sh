#!/bin/sh
# Run a command until it succeeds or the deadline has come.
#
#   retry.sh SECONDS SECONDS_EACH SCRATCH COMMAND [ARGUMENT...]
#
# SCRATCH is a directory for what the command says. A try that takes longer than SECONDS_EACH is ended.
# Exit code: 0 it succeeded, 1 the deadline came, 2 wrong arguments, 127 there is no such command, 143 asked to stop.
# Needs sleep and timeout, which coreutils and busybox have.
set -eu

usage() {
    echo "usage: retry.sh SECONDS SECONDS_EACH SCRATCH COMMAND [ARGUMENT...]" >&2
    exit 2
}

uptime() {
    read -r up _ </proc/uptime
    elapsed=$((${up%.*} - began))
}

say() {
    uptime
    printf '%s\n' "${elapsed}s  $1"
}

end() {
    kill "$running" "$timer" 2>/dev/null || true
    exit "$1"
}

gave_up() {
    printf '%s\n' "${seconds}s  $command: gave up after $seconds s; $seen"
    end 1
}

# The first lines of what the last try said, in one.
said() {
    text=
    lines=0
    while [ "$lines" -lt 5 ] && { IFS= read -r line || [ -n "$line" ]; }; do
        text="$text${text:+ }$line"
        lines=$((lines + 1))
    done <"$1"
}

# Wait ever longer, up to a second in the first minute and five seconds later; by chance half of it, so that replicas
# don't ask in step.
pause() {
    uptime
    longest=$((elapsed < 60 ? 100 : 500))
    hundredths=$((hundredths * 3 / 2))
    [ "$hundredths" -lt "$longest" ] || hundredths=$longest
    chance=$(((chance * 1103515245 + 12345) % 2147483648))
    now=$((hundredths * (50 + chance / 65536 % 50) / 100))
    sleep "$((now / 100)).$((now / 10 % 10))$((now % 10))" 2>/dev/null &
    running=$!
    wait "$running" || sleep 1 # one that takes no fractions
}

running=
timer=
# What runs is always in the background, so that a signal is heard at once.
trap 'end 143' TERM

[ "$#" -ge 4 ] || usage
case "$1$2" in *[!0-9]*) usage ;; esac
[ "$1" -gt 0 ] || usage
[ "$2" -gt 0 ] || usage
[ -d "$3" ] || usage

seconds=$1
each=$2
output=$3/output
shift 3
command=$1
began=0
uptime
began=$elapsed
hundredths=10
random=0
{ read -r random </proc/sys/kernel/random/uuid; } 2>/dev/null || true
chance=$((0x${random%%-*}))
seen="its first try has not ended"

if ! command -v "$command" >/dev/null; then
    say "$command: no such command in this image"
    exit 127
fi

trap gave_up USR1
{ sleep "$seconds" && kill -USR1 "$$"; } >/dev/null 2>&1 &
timer=$!

while true; do
    code=0
    timeout -k 1 "$each" "$@" >"$output" 2>&1 &
    running=$!
    wait "$running" || code=$?
    if [ "$code" -eq 0 ]; then
        say "$command: succeeded"
        end 0
    fi
    said "$output"
    if [ "exit code $code${text:+: $text}" != "$seen" ]; then
        seen="exit code $code${text:+: $text}"
        say "$command: $seen"
    fi
    pause
done
