#!/bin/sh
# Put routes in place, replacing those to the same network.
#
#   routes.sh NETWORK VIA DEVICE METRIC [NETWORK VIA DEVICE METRIC...]
#
# VIA, DEVICE and METRIC may be empty, but not both of the first two.
# Exit code: 0 they are there, 1 the kernel refused one, 2 wrong arguments, 143 asked to stop.
# Needs ip, which iproute2 and busybox have.
set -euf
trap 'exit 143' TERM

fail() {
    echo "routes: $2"
    exit "$1"
}

check() {
    case "$2" in *[!$1]*) fail 2 "wrong argument: $2" ;; esac
}

if [ "$#" -lt 4 ] || [ "$(($# % 4))" -ne 0 ]; then
    fail 2 "usage: routes.sh NETWORK VIA DEVICE METRIC ..."
fi

count=0
while [ "$#" -gt 0 ]; do
    network=$1 via=$2 device=$3 metric=$4
    shift 4
    case "$network" in *:*) family=6 ;; *) family=4 ;; esac
    check 0-9a-fA-F.:/ "$network$via"
    check 0-9a-zA-Z._- "$device"
    check 0-9 "$metric"
    said=$(ip "-$family" route replace "$network" ${via:+via "$via"} ${device:+dev "$device"} \
        ${metric:+metric "$metric"} 2>&1) || fail 1 "$network: $said"
    count=$((count + 1))
done
echo "routes: $count in place"
