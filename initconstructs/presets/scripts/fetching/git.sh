#!/bin/sh
# Clone one commit of a repository, beside its place and then into it; nothing if that commit is there, unchanged.
#
#   git.sh SECONDS URL REF DIRECTORY DEPTH
#
# DEPTH 0 is all history. With GIT_TOKEN and GIT_USERNAME it logs in at the URL's host and at no other. Exit code: 0 the
# commit is there, 1 refused or failed, 2 wrong arguments, 124 the deadline came, 143 asked to stop.
# Needs git 2.31 and cat, date, grep, mkdir, mv, rm, sleep, tail, timeout, which coreutils and busybox have. Where there
# is no flock, as in Debian's busybox, nothing keeps two pods apart that share a volume.
set -eu

usage() {
    echo "usage: git.sh SECONDS URL REF DIRECTORY DEPTH" >&2
    exit 2
}

say() {
    echo "$(($(date +%s) - began))s  $1"
}

stop() {
    trap '' TERM
    kill "${!-}" 2>/dev/null || :
    discard
    exit 143
}

# Git, and what it has started, may go on for an instant and write into what is being removed.
discard() {
    for _ in 1 2 3 4 5; do
        ! rm -rf "$new" 2>/dev/null || return 0
        sleep 1
    done
}

# Run git until the deadline, in the background so that the request to stop is heard; what it says goes to $new.log.
try() {
    left=$((deadline - $(date +%s)))
    [ "$left" -gt 0 ] || give_up
    timeout -k 1 "$left" git "$@" >"$new/out" 2>"$new/log" 9>&- &
    code=0
    wait "$!" || code=$?
    case "$code" in 124 | 137 | 143) ended ;; esac # 143 is from busybox' timeout
    return "$code"
}

# A signal has ended git: the deadline's, or the kernel's when memory is short.
ended() {
    [ "$(date +%s)" -lt "$deadline" ] || give_up
    fail "git was killed; if it was short of memory, resources= gives it more"
}

give_up() {
    discard
    say "gave up: ${seen:-git did not finish in time}"
    exit 124
}

fail() {
    discard
    say "$1"
    exit 1
}

final="authentication failed|could not read (username|password)|not found|denied|certificate|returned error: 40[134]"
final="$final|protocol .*(not supported|disabled)|find remote ref|not our ref|unadvertised|no space left"
final="$final|not a git repository|not valid: is this a git"

# Try again what the network may have broken; what the server refuses is final.
ask() {
    pause=1
    until try "$@"; do
        why=$(grep -v '^remote: *$' "$new/log" | tail -n 1)
        ! grep -qiE "$final" "$new/log" || return 1
        [ "$why" = "$seen" ] || say "$why"
        seen=$why
        [ "$((deadline - $(date +%s)))" -gt "$pause" ] || give_up
        sleep "$pause" &
        wait "$!"
        pause=$((pause < 15 ? pause * 2 : 15))
    done
}

# Have the place to oneself: pods that share a volume fetch one after the other. A lock of the kernel ends with the pod.
lock() {
    why=$({ true >>"$hidden.lock"; } 2>&1) || { say "$why" && exit 1; }
    exec 9>>"$hidden.lock"
    command -v flock >/dev/null || return 0
    until flock -n 9; do
        [ "$seen" ] || say "another pod is fetching this"
        seen="another pod was still fetching this"
        [ "$((deadline - $(date +%s)))" -gt 0 ] || { say "gave up: $seen" && exit 124; }
        sleep 1
    done
    seen=
}

# The commit that REF is at the server now; REF itself if it is a commit.
resolve() {
    case "$ref" in *[!0-9a-f]*) ;; *) [ "${#ref}" -ne 40 ] || { echo "$ref" >"$new/commit" && return; } ;; esac
    ask -C "$new" ls-remote "$url" "refs/heads/$ref" "refs/tags/$ref" "refs/tags/$ref^{}" || fail "$why"
    while read -r commit name; do
        case "$name" in
        "refs/heads/$ref" | "refs/tags/$ref^{}") echo "$commit" >"$new/commit" && return ;;
        "refs/tags/$ref") echo "$commit" >"$new/commit" ;;
        esac
    done <"$new/out"
    [ -s "$new/commit" ] || fail "the repository has no branch or tag called $ref, and a commit has 40 digits"
}

# Whether the commit is checked out there, and every file is as git knows it.
unchanged() {
    [ -d "$place/.git" ] || return 1
    try -C "$place" rev-parse HEAD || return 1
    [ "$(cat "$new/out")" = "$commit" ] || return 1
    # An empty index knows no file's time, so each is read.
    export GIT_INDEX_FILE="$new/index"
    try -C "$place" read-tree "$commit" && try -C "$place" status --porcelain --untracked-files=no || echo . >"$new/out"
    unset GIT_INDEX_FILE
    [ ! -s "$new/out" ]
}

[ "$#" -eq 5 ] || usage
case "$1$5" in *[!0-9]*) usage ;; esac
[ "$1" -gt 0 ] || usage
url=$2 ref=$3 place=$4 depth=$5 seen='' why=''
began=$(date +%s)
deadline=$((began + $1))
hidden="${place%/*}/.${place##*/}"
new="$hidden.part" old="$hidden.old"

# What the image or its user says of git changes nothing; a stalled connection ends.
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0 HOME=/nonexistent LC_ALL=C
export GIT_CONFIG_COUNT=5
export GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
export GIT_CONFIG_KEY_1=http.lowSpeedLimit GIT_CONFIG_VALUE_1=1
export GIT_CONFIG_KEY_2=http.lowSpeedTime GIT_CONFIG_VALUE_2=30
export GIT_CONFIG_KEY_3=advice.detachedHead GIT_CONFIG_VALUE_3=false
export GIT_CONFIG_KEY_4=core.hooksPath GIT_CONFIG_VALUE_4=/dev/null
export GIT_ALLOW_PROTOCOL="https:${url%%://*}"
if [ -n "${GIT_TOKEN:-}" ]; then
    rest=${url#*://}
    export GIT_CONFIG_COUNT=6 GIT_CONFIG_KEY_5="credential.${url%%://*}://${rest%%/*}.helper"
    # shellcheck disable=SC2016 # git runs this text, which reads the variables then: no value is ever part of it
    export GIT_CONFIG_VALUE_5='!f() { [ "$1" != get ] || printf "username=%s\npassword=%s\n" "$GIT_USERNAME" "$GIT_TOKEN"; }; f'
fi

trap 'exit 143' TERM
lock
trap stop TERM
rm -rf "$new"
# A run that was killed between the two moves below.
[ -e "$place" ] || [ ! -e "$old" ] || mv "$old" "$place"
mkdir -p "$new"
resolve
commit=$(cat "$new/commit")
if unchanged; then
    discard
    say "commit $commit is there already, unchanged"
    exit 0
fi

git init -q "$new/tree" || fail "git init failed"
shallow=--depth=$depth
[ "$depth" -gt 0 ] || shallow=--no-tags
if ! ask -C "$new/tree" fetch -q --no-tags --no-recurse-submodules "$shallow" "$url" "$commit"; then
    grep -qE 'not our ref|unadvertised' "$new/log" || fail "$why"
    say "the server gives no commit by its name: fetching all"
    ask -C "$new/tree" fetch -q --tags --no-recurse-submodules "$url" '+refs/heads/*:refs/remotes/origin/*' || fail "$why"
fi
try -C "$new/tree" cat-file -e "$commit^{commit}" || fail "the repository has no commit $commit"
try -C "$new/tree" checkout -q --detach "$commit" || fail "$(tail -n 1 "$new/log")"
rm -rf "$old"
trap '' TERM
[ ! -e "$place" ] || mv "$place" "$old"
mv "$new/tree" "$place"
rm -rf "$old" "$new"
say "checked out commit $commit"
