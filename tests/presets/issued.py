"""Certificates that hold from one day to another."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

_DAY = 86400
_CONFIG = """\
[ca]
default_ca = own
[own]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = policy
x509_extensions = extensions
[policy]
commonName = supplied
[extensions]
basicConstraints = critical, CA:TRUE
"""


def issued(home: Path, name: str, since: float, until: float) -> Path:
    """A file with the certificate of an authority, `since` and `until` in days from now; its key is beside it.

    By `openssl ca`, which takes dates where `req` of openssl 3.0 does not.
    """
    (home / "index").write_text("")
    (home / "ca.cnf").write_text(_CONFIG)
    new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}"]
    dates = ["-startdate", _stamp(since), "-enddate", _stamp(until)]
    sign = ["ca", "-batch", "-notext", "-config", "ca.cnf", "-selfsign", "-keyfile", f"{name}.key", *dates]
    _openssl(home, *new, "-keyout", f"{name}.key", "-out", f"{name}.csr")
    _openssl(home, *sign, "-in", f"{name}.csr", "-out", f"{name}.crt")
    return home / f"{name}.crt"


def _stamp(days: float) -> str:
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * _DAY))


def _openssl(home: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=home, check=True, capture_output=True)
