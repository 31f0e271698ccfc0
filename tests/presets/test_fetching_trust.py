"""Whom a fetch trusts: as other clients do, also under Python 3.13 and newer, which refuse more by themselves."""

from __future__ import annotations

import importlib
import socket
import ssl
import sys
from importlib.resources import files
from typing import Any

import pytest

SCRIPTS = str(files("initconstructs.presets") / "scripts")


@pytest.fixture
def newer(monkeypatch) -> list[ssl.SSLContext]:
    """Contexts are made as newer Pythons make them; those that were."""
    made: list[ssl.SSLContext] = []
    make = ssl.create_default_context

    def as_newer(**options: Any) -> ssl.SSLContext:
        made.append(make(**options))
        made[-1].verify_flags |= ssl.VERIFY_X509_STRICT
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", as_newer)
    monkeypatch.syspath_prepend(SCRIPTS)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return made


@pytest.mark.parametrize("besides", [False, True])
def test_certificates_without_key_identifiers_pass(besides, newer, certificate):
    trust = importlib.import_module("fetching.http").trust
    assert not trust(str(certificate / "ca.crt"), besides=besides).verify_flags & ssl.VERIFY_X509_STRICT


def test_those_of_redis_too(newer, monkeypatch, certificate, fake):
    port = fake(lambda connection: connection.recv(1)).port
    program = importlib.import_module("fetching.redis")
    asked = {"host": "127.0.0.1", "port": port, "tls": True, "ca_file": str(certificate / "ca.crt")}
    with pytest.raises((OSError, ssl.SSLError, socket.timeout)):
        program.Server(asked)
    assert [context.verify_flags & ssl.VERIFY_X509_STRICT for context in newer] == [0]
