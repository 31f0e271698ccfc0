"""Run the SQL files of a directory in the order of their names, each once, under an advisory lock of the database.

    python3 -c 'from locking.sql import start; start()' SECONDS VARIABLE apply|check DIRECTORY

VARIABLE names the environment variable with the database's URL. Each file is one transaction, with the row that says
it ran; where the database can't roll back (DDL of MySQL), a file that fails half-way stays half done. `check` runs
nothing: it fails while a file has not run.

Exit code: 0 all files have run, 1 one failed or has not run, 2 wrong arguments, 124 the deadline came, 143 asked to
stop. Needs Python 3.8 or newer and nothing else.
"""

from __future__ import annotations

import hashlib
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from . import hold
from .address import Refused
from .hold import Holder

if TYPE_CHECKING:
    from .session import Session

TABLE = """CREATE TABLE IF NOT EXISTS initconstructs_migrations (
    name varchar(253) PRIMARY KEY, sha256 char(64) NOT NULL, applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
)"""
NAME = re.compile(r"[-._A-Za-z0-9]{1,253}")


class Failed(Exception):  # noqa: N818
    """A migration that can't go on; the text says why."""


class File:
    """A file of SQL. Its name and its sum need no quoting in SQL."""

    def __init__(self, path: Path) -> None:
        if not NAME.fullmatch(path.name):
            raise ValueError(f"{path.name!r}: a name has letters, digits, '-', '_' and '.'")
        try:
            self.name, self.text = path.name, path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{path.name}: {error}") from None
        self.sum = hashlib.sha256(self.text.encode()).hexdigest()

    def has_run(self, session: Session) -> bool:
        known = session.ask(f"SELECT sha256 FROM initconstructs_migrations WHERE name = '{self.name}'")  # noqa: S608
        if known and known.strip() != self.sum:
            raise Failed(f"{self.name}: has changed since it ran; write another file")
        return bool(known)

    def run(self, session: Session) -> None:
        try:
            session.ask("BEGIN")
            session.ask(self.text)
            if session.idle:
                raise Failed(f"{self.name}: ends its own transaction; leave COMMIT and ROLLBACK out")
            row = f"('{self.name}', '{self.sum}')"
            session.ask(f"INSERT INTO initconstructs_migrations (name, sha256) VALUES {row}")  # noqa: S608
            session.ask("COMMIT")
        except Refused as error:
            raise Failed(f"{self.name}: {error}") from None


def files(directory: str) -> list[File]:
    """The files to run. Kubernetes keeps what it mounts in a hidden directory and links to it."""
    found = sorted(Path(directory).glob("*.sql"), key=lambda path: path.name)
    if not found:
        raise ValueError(f"{directory} holds no file that ends in .sql")
    return [File(path) for path in found]


def apply(holder: Holder, found: list[File]) -> int:
    session = holder.acquire()
    if session is None:
        return hold.LATE
    session.connection.settimeout(max(0.1, holder.left))
    session.ask(TABLE)
    for file in found:
        if not file.has_run(session):
            file.run(session)
            holder.say(f"{file.name}: done")
    holder.say(f"all {len(found)} files have run")
    return hold.DONE


def check(holder: Holder, found: list[File]) -> int:
    session = holder.session()
    if session is None:
        return hold.LATE
    missing = [each for each in found if not each.has_run(session)]
    if missing:
        raise Failed(f"{len(missing)} of {len(found)} files have not run, the first is {missing[0].name}")
    return hold.DONE


def main(words: list[str]) -> int:
    seconds, variable, action, directory = words
    work = {"apply": apply, "check": check}[action] if action in ("apply", "check") else None
    if work is None:
        raise ValueError(f"{action} is neither apply nor check")
    holder, found = Holder(seconds, variable), files(directory)
    try:
        return work(holder, found)
    except socket.timeout:  # noqa: UP041 -- another one before Python 3.10
        holder.say("gave up: the deadline came")
        return hold.LATE
    except (OSError, Refused, Failed) as error:
        holder.say(str(error))
        return hold.FAILED


def start() -> None:
    hold.start(main, "sql SECONDS VARIABLE apply|check DIRECTORY")
