"""Write the certificates of authorities into a directory: one PEM bundle, and a trust store for Java.

    python3 -c 'from networking.bundle import start; start()' SECONDS DIRECTORY '{"sources": [...], ...}'

Exit code: 0 they are there, 1 a source has no certificate or a bad one, 2 wrong arguments, 124 the deadline came, 143
asked to stop.
Needs Python 3.8 or newer and nothing else.
"""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .pkcs12 import trust_store

BUNDLE, STORE = "ca-bundle.crt", "truststore.p12"
SYSTEM = [  # of Alpine and Debian, Fedora and its kin, and the rest
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
]
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?(?:-----END CERTIFICATE-----|\Z)", re.DOTALL)


class SourceError(Exception):
    """Why a source can't be taken."""


def system_file() -> Path:
    found = [Path(each) for each in SYSTEM if Path(each).is_file()]
    if not found:
        raise SourceError("this image has no authorities of its own; say system=False")
    return found[0]


def files_of(source: Path) -> list[Path]:
    """The file, or the files of the directory; Kubernetes keeps its own beside them, starting with a dot."""
    if source.is_dir():
        return sorted(each for each in source.iterdir() if not each.name.startswith(".") and each.is_file())
    return [source]


def certificates_of(source: Path) -> Iterator[tuple[Path, bytes]]:
    """File and DER of every certificate of a source."""
    found = False
    for file in files_of(source):
        try:
            text = file.read_text("ascii", "replace")
        except OSError as error:
            raise SourceError(f"{file}: {error.strerror}") from None
        for count, block in enumerate(_PEM.findall(text), 1):
            found = True
            try:
                yield file, ssl.PEM_cert_to_DER_cert(block)
            except ValueError:
                raise SourceError(f"{file}: certificate {count} is cut short or no base64") from None
    if not found:
        raise SourceError(f"{source}: has no certificate in PEM")


def check(file: Path, certificate: bytes, allow_expired: bool) -> None:
    """It is the certificate of an authority, and its time has not passed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=certificate)
    except (ssl.SSLError, ValueError) as error:
        raise SourceError(f"{file}: is no certificate ({getattr(error, 'reason', None) or error})") from None
    found = context.get_ca_certs()
    if not found:
        raise SourceError(f"{file}: holds a certificate that is no authority's (CA:TRUE); give that of who signed it")
    until = str(found[0]["notAfter"])
    if not allow_expired and ssl.cert_time_to_seconds(until) < time.time():
        raise SourceError(f"{file}: holds a certificate that expired on {until}")


def collect(asked: Mapping[str, Any]) -> list[bytes]:
    """Every certificate once: those of the sources, then the system's."""
    found: dict[bytes, None] = {}
    for source in asked["sources"]:
        for file, certificate in certificates_of(Path(source)):
            check(file, certificate, asked["allow_expired"])
            found[certificate] = None
    if asked["system"]:
        found.update((certificate, None) for _, certificate in certificates_of(system_file()))
    return list(found)


def replace(file: Path, content: bytes) -> bool:
    """Write the file whole or not at all; whether it changed."""
    if file.is_file() and file.read_bytes() == content:
        return False
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)  # that of a run which was killed may be read-only
    with new.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    new.chmod(0o444)
    new.replace(file)
    return True


def run(directory: Path, asked: Mapping[str, Any]) -> int:
    try:
        certificates = collect(asked)
        contents = {BUNDLE: "".join(map(ssl.DER_cert_to_PEM_cert, certificates)).encode()}
        if asked["java"]:
            contents[STORE] = trust_store(certificates)
        changed = [name for name, content in contents.items() if replace(directory / name, content)]
    except SourceError as error:
        print(error, flush=True)
        return 1
    except OSError as error:
        print(f"{error.filename or directory}: {error.strerror}", flush=True)  # a full disk names no file
        return 1
    print(f"{len(certificates)} certificates; wrote {', '.join(changed) or 'nothing: all is there'}", flush=True)
    return 0


def start() -> None:
    """What the container runs."""
    try:
        seconds, directory, asked = int(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    except (IndexError, ValueError):
        print("usage: SECONDS DIRECTORY JSON", flush=True)
        sys.exit(2)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))  # as process 1 it would not hear it otherwise
    signal.signal(signal.SIGALRM, lambda *_: late(seconds))
    signal.alarm(seconds)
    sys.exit(run(directory, asked))


def late(seconds: int) -> None:
    """The deadline came: a read may hang for ever on a lost file server."""
    os.write(1, f"gave up after {seconds} s\n".encode())
    os._exit(124)
