"""A session with the database that an address names, of whichever family."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from .address import Refused
from .mysql import Session as MySql
from .postgres import Session as Postgres

if TYPE_CHECKING:
    import socket
    from typing import Protocol

    from .address import Address

    class Session(Protocol):
        """A session of a database server, open as long as its socket; a lock that it takes ends with it.

        `idle` is whether no transaction is open, as far as that says anything.
        """

        connection: socket.socket
        idle: bool

        def ask(self, question: str) -> str: ...
        def take(self) -> bool: ...
        def lost(self) -> str: ...


def open_session(address: Address) -> Session:
    """Log in."""
    try:
        return _session(address)
    except OSError:  # a certificate that is not trusted is a ValueError too
        raise
    except (struct.error, ArithmeticError, LookupError, ValueError):  # its answers are none; the URL was read before
        raise Refused("the server speaks another protocol, or there is no such host") from None


def _session(address: Address) -> Session:
    return MySql(address) if address.family == "mysql" else Postgres(address)
