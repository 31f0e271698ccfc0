"""A PKCS #12 trust store, as Java reads and writes it: certificates in the clear under a MAC.

RFC 7292; https://github.com/openjdk/jdk/blob/master/src/java.base/share/classes/sun/security/pkcs12/PKCS12KeyStore.java:
Java takes a certificate for trusted if it has the attribute trustedKeyUsage.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

_WORD = "changeit"  # the password of Java's own trust store; it guards nothing, as certificates are public
_ROUNDS = 10_000

_SEQUENCE, _SET, _INTEGER, _OCTETS, _NULL, _OID, _UTF16, _EXPLICIT = 0x30, 0x31, 2, 4, 5, 6, 30, 0xA0
_DATA = "1.2.840.113549.1.7.1"
_CERTIFICATE_BAG, _X509 = "1.2.840.113549.1.12.10.1.3", "1.2.840.113549.1.9.22.1"
_FRIENDLY_NAME, _TRUSTED_USAGE = "1.2.840.113549.1.9.20", "2.16.840.1.113894.746875.1.1"
_ANY_USAGE, _SHA256 = "2.5.29.37.0", "2.16.840.1.101.3.4.2.1"


def trust_store(certificates: Sequence[bytes]) -> bytes:
    """The store of these certificates, given as DER, each under an alias of its own: "ca-1" and so on."""
    bags = [_bag(f"ca-{number}", each) for number, each in enumerate(certificates, 1)]
    safe = _der(_SEQUENCE, _data(_der(_SEQUENCE, *bags)))
    salt = hashlib.sha256(safe).digest()[:20]  # of the content: the same certificates are the same bytes
    mac = hmac.new(_mac_key(_WORD, salt), safe, hashlib.sha256).digest()
    digest = _der(_SEQUENCE, _der(_SEQUENCE, _oid(_SHA256), _der(_NULL)), _der(_OCTETS, mac))
    sealed = _der(_SEQUENCE, digest, _der(_OCTETS, salt), _integer(_ROUNDS))
    return _der(_SEQUENCE, _integer(3), _data(safe), sealed)


def _bag(alias: str, certificate: bytes) -> bytes:
    held = _der(_SEQUENCE, _oid(_X509), _der(_EXPLICIT, _der(_OCTETS, certificate)))
    named = _attribute(_FRIENDLY_NAME, _der(_UTF16, alias.encode("utf-16-be")))
    trusted = _attribute(_TRUSTED_USAGE, _oid(_ANY_USAGE))
    return _der(_SEQUENCE, _oid(_CERTIFICATE_BAG), _der(_EXPLICIT, held), _der(_SET, named, trusted))


def _attribute(name: str, value: bytes) -> bytes:
    return _der(_SEQUENCE, _oid(name), _der(_SET, value))


def _data(content: bytes) -> bytes:
    return _der(_SEQUENCE, _oid(_DATA), _der(_EXPLICIT, _der(_OCTETS, content)))


def _mac_key(word: str, salt: bytes) -> bytes:
    """RFC 7292, appendix B.2, with SHA-256 and id 3; one block is as long as the key."""
    secret = (word + "\0").encode("utf-16-be")
    block = b"\3" * 64 + _filled(salt) + _filled(secret)
    for _ in range(_ROUNDS):
        block = hashlib.sha256(block).digest()
    return block


def _filled(text: bytes) -> bytes:
    """Repeated up to a multiple of 64 bytes."""
    size = -(-len(text) // 64) * 64
    return (text * 64)[:size]


def _der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(name: str) -> bytes:
    first, second, *rest = map(int, name.split("."))
    return _der(_OID, *(_base128(each) for each in (first * 40 + second, *rest)))


def _base128(value: int) -> bytes:
    found = [value & 0x7F]
    while value := value >> 7:
        found.append(0x80 | value & 0x7F)
    return bytes(reversed(found))
