#!/bin/sh
# Make a key with a certificate that it signs itself, or with a request for one.
#
#   certificate.sh SECONDS KIND DIRECTORY KEY MODE DAYS NAME [NAME...]
#
# KIND is certificate (tls.crt, ca.crt) or request (tls.csr); KEY is ec or rsa; MODE that of tls.key, 0400 say; NAME is
# a DNS name or an address. What is there already is kept while it holds these names, belongs to the key, and
# (a certificate) half of its DAYS are to come.
# Exit code: 0 they are there, 1 it failed, 2 wrong arguments, 124 the deadline came, 143 asked to stop.
# Needs openssl 3, and cat, chmod, cp, mktemp, mv, rm and sleep.
set -eu
# shellcheck source=SCRIPTDIR/../configuring/step.sh
. "${0%/*}/step.sh"

work() {
    [ "$#" -ge 6 ] || wrong_arguments
    kind=$1 directory=$2 key=$3 mode=$4 days=$5
    shift 5
    case "$kind" in
    certificate) made=tls.crt read=x509 ;;
    request) made=tls.csr read=req ;;
    *) wrong_arguments ;;
    esac
    case "$key" in
    ec) new="ec -pkeyopt ec_paramgen_curve:P-256" ;;
    rsa) new=rsa:3072 ;;
    *) wrong_arguments ;;
    esac
    case "$mode$days" in *[!0-9]*) wrong_arguments ;; esac
    names=$(alternatives "$@") || wrong_arguments
    if is_good "$@"; then
        say "certificate: $made is there, kept"
    else
        make "$@"
        say "certificate: made $made for $*"
    fi
}

# The names as openssl takes them.
alternatives() {
    names=
    for name; do
        case "$name" in
        '' | *[!a-zA-Z0-9.*:_-]*) exit 2 ;;
        *:*) names="$names,IP:$name" ;;
        *[!0-9.]*) names="$names,DNS:$name" ;;
        *) names="$names,IP:$name" ;;
        esac
    done
    echo "${names#,}"
}

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

make() {
    umask 077
    rm -rf "$directory"/.new.* # of a run that was killed
    work=$(mktemp -d "$directory/.new.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    configuration >"$work/config"
    subject=/
    [ "${#1}" -gt 64 ] || subject="/CN=$1"
    how=
    [ "$kind" = request ] || how="-x509 -days $days -extensions own"
    # shellcheck disable=SC2086 # words of this script
    said=$(openssl req -new -config "$work/config" -newkey $new -nodes $how -subj "$subject" \
        -addext "subjectAltName=$names" -keyout "$work/tls.key" -out "$work/$made" 2>&1) || fail "$said"
    chmod "$mode" "$work/tls.key"
    chmod 0444 "$work/$made"
    # The key last: without the one that belongs to it, what is there counts for nothing.
    if [ "$kind" = certificate ]; then
        cp -p "$work/$made" "$work/ca.crt"
        mv -f "$work/ca.crt" "$directory/ca.crt"
    fi
    mv -f "$work/$made" "$directory/$made"
    mv -f "$work/tls.key" "$directory/tls.key"
}

configuration() {
    cat <<'CONFIG'
[req]
distinguished_name = subject
[subject]
[own]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, digitalSignature, keyCertSign
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
CONFIG
}

within "$@"
