#!/bin/sh
# Copy the files of the StatefulSet's first pod, or of the others, into a directory.
#
#   by_ordinal.sh SECONDS FIRST_ID MODE DIRECTORY FIRST OTHERS [BOTH]
#
# ORDINAL is the pod's ordinal; ${ORDINAL} and ${SERVER_ID}, which is FIRST_ID more, are replaced in the files.
# Exit codes: as of configure.sh.
set -eu

case ${ORDINAL:-} in '' | *[!0-9]*)
    echo "the pod has no label apps.kubernetes.io/pod-index: pods of a StatefulSet have, from Kubernetes 1.28"
    exit 1
    ;;
esac
[ "$#" -ge 6 ] || exec sh -eu "${0%/*}/configure.sh"
SERVER_ID=$((ORDINAL + $2))
export SERVER_ID
if [ "$ORDINAL" -eq 0 ]; then chosen=$5; else chosen=$6; fi
seconds=$1 mode=$3 directory=$4
shift 6
exec sh -eu "${0%/*}/configure.sh" "$seconds" "$mode" "$directory" "$chosen" "$@" 'ORDINAL=' 'SERVER_ID='
