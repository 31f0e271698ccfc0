#!/bin/sh
# Succeed when a command does and what it says holds a text. Every line of it, the first and the last too, stands
# between two line ends.
#
#   shows.sh TEXT COMMAND [ARGUMENT...]
#
# Exit code: 0 it does, 1 it does not, 2 wrong arguments, else the command's.
set -eu

if [ "$#" -lt 2 ]; then
    echo "usage: shows.sh TEXT COMMAND [ARGUMENT...]" >&2
    exit 2
fi

text=$1
shift
code=0
said=$("$@" 2>&1) || code=$?
printf '%s\n' "$said"
[ "$code" -eq 0 ] || exit "$code"

case "
$said
" in *"$text"*) exit 0 ;; esac
exit 1
