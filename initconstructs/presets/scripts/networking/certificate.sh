#!/bin/sh
# Make a key with a certificate that it signs itself, or with a request for one.
#
#   certificate.sh KIND DIRECTORY KEY MODE DAYS NAME [NAME...]
#
# KIND is certificate (tls.crt, ca.crt) or request (tls.csr); KEY is ec or rsa; MODE that of tls.key, 0400 say; NAME is
# a DNS name or an address. What is there already is kept while it holds these names, belongs to the key, and
# (a certificate) half of its DAYS are to come.
# Exit code: 0 they are there, 1 it failed, 2 wrong arguments, 143 asked to stop.
# Needs openssl 3, and cat, chmod, cp, mktemp, mv and rm.
set -eu

work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 143' TERM

fail() {
    echo "certificate: $2"
    exit "$1"
}

if [ "$#" -lt 6 ]; then
    fail 2 "usage: certificate.sh KIND DIRECTORY KEY MODE DAYS NAME [NAME...]"
fi
kind=$1 directory=$2 key=$3 mode=$4 days=$5
shift 5
case "$kind" in
certificate) made=tls.crt read=x509 ;;
request) made=tls.csr read=req ;;
*) fail 2 "no such kind: $kind" ;;
esac
case "$key" in
ec) new="ec -pkeyopt ec_paramgen_curve:P-256" ;;
rsa) new=rsa:3072 ;;
*) fail 2 "no such key: $key" ;;
esac
case "$mode$days" in *[!0-9]*) fail 2 "no number: $mode or $days" ;; esac

names=
for name; do
    case "$name" in
    '' | *[!a-zA-Z0-9.*:_-]*) fail 2 "no name: $name" ;;
    *:*) names="$names,IP:$name" ;;
    *[!0-9.]*) names="$names,DNS:$name" ;;
    *) names="$names,IP:$name" ;;
    esac
done

# Whether a certificate or request on stdin has every name, but for IPv6, which openssl writes in its own way.
has_names() {
    text=$(openssl "$read" -noout -text 2>/dev/null) || return 1
    for name; do
        case "$name" in
        *:*) continue ;;
        *[!0-9.]*) name="DNS:$name" ;;
        *) name="IP Address:$name" ;;
        esac
        case "$text" in *" $name,"* | *" $name
"*) ;; *) return 1 ;; esac
    done
}

is_good() {
    [ -s "$directory/tls.key" ] && [ -s "$directory/$made" ] || return 1
    [ "$(openssl pkey -in "$directory/tls.key" -pubout 2>/dev/null)" = \
        "$(openssl "$read" -in "$directory/$made" -noout -pubkey 2>/dev/null)" ] || return 1
    if [ "$kind" = certificate ]; then
        openssl x509 -in "$directory/$made" -noout -checkend "$((days * 43200))" >/dev/null || return 1
    fi
    has_names "$@" <"$directory/$made"
}

if is_good "$@"; then
    echo "certificate: $made is there, kept"
    exit 0
fi

umask 077
rm -rf "$directory"/.new.* # of a run that was killed
work=$(mktemp -d "$directory/.new.XXXXXX")
cat >"$work/config" <<'CONFIG'
[req]
distinguished_name = subject
[subject]
[own]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, digitalSignature, keyCertSign
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
CONFIG
subject=/
[ "${#1}" -gt 64 ] || subject="/CN=$1"
how=
[ "$kind" = request ] || how="-x509 -days $days -extensions own"
# shellcheck disable=SC2086 # words of this script
said=$(openssl req -new -config "$work/config" -newkey $new -nodes $how -subj "$subject" \
    -addext "subjectAltName=${names#,}" -keyout "$work/tls.key" -out "$work/$made" 2>&1) || fail 1 "$said"
chmod "$mode" "$work/tls.key"
chmod 0444 "$work/$made"
# The key last: without the one that belongs to it, what is there counts for nothing.
if [ "$kind" = certificate ]; then
    cp -p "$work/$made" "$work/ca.crt"
    mv -f "$work/ca.crt" "$directory/ca.crt"
fi
mv -f "$work/$made" "$directory/$made"
mv -f "$work/tls.key" "$directory/tls.key"
echo "certificate: made $made for $*"
