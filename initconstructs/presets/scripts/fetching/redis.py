"""Load a Redis or Valkey server with commands from a file or from what a command prints, as `redis-cli --pipe` does.

Commands are lines as one types them, or the protocol itself (RESP). They go as they are and all at once; the answers
are counted, and the first error is told. An ECHO of a word of our own, sent last, tells that all were answered.
https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from __future__ import annotations

import os
import secrets
import socket
import ssl
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from .task import Failed, Task, run

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1 << 16
PAUSE = 1.0
PASSWORD = "REDIS_PASSWORD"  # noqa: S105 -- the name of the variable


def start() -> None:
    run(lambda task, spec: Loading(task, spec).load())


class Loading:
    """What is loaded, and where."""

    def __init__(self, task: Task, spec: dict[str, Any]) -> None:
        self.task, self.spec = task, spec
        self.process: subprocess.Popen[bytes] | None = None

    def load(self) -> str:
        """Load it, unless the marker says that another has; the last line of the log."""
        server = self.connect()
        marker = self.spec.get("marker")
        if marker and server.call("EXISTS", marker) == 1:
            return f"the marker {marker} is there: loaded already"
        count = server.pipe(self.commands())
        self.finish()
        if marker:
            server.call("SET", marker, "1", *(["EX", str(self.spec["expires"])] if "expires" in self.spec else []))
        return f"loaded: {count} commands were taken"

    def connect(self) -> Server:
        """The server once it answers, logged in."""
        while True:
            try:
                server = Server(self.spec)
                server.log_in(self.spec, self.task.secret(PASSWORD) if PASSWORD in os.environ else "")
                return server
            except ssl.SSLCertVerificationError as error:
                raise Failed(f"its certificate is not trusted: {error.verify_message}") from None
            except (OSError, EOFError) as error:
                self.task.see(f"{self.spec['host']}:{self.spec['port']}: {explain(error)}")
            except Failed as error:
                if not str(error).startswith("LOADING"):
                    raise
                self.task.see(str(error))
            time.sleep(PAUSE)

    def commands(self) -> Iterator[bytes]:
        """What is to be sent, block by block."""
        with self.source() as source:
            yield from iter(lambda: source.read(BLOCK), b"")

    def source(self) -> BinaryIO:
        if "file" in self.spec:
            return Path(self.spec["file"]).open("rb")
        words: list[str] = self.spec["command"]
        try:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE)  # noqa: S603 -- running it is the purpose
        except OSError as error:
            raise Failed(f"{words[0]}: {explain(error)}") from None
        assert self.process.stdout is not None
        return self.process.stdout  # type: ignore[return-value] # it reads

    def finish(self) -> None:
        if self.process and self.process.wait():
            raise Failed(f"{self.spec['command'][0]}: exit code {self.process.returncode}; what it printed was loaded")


class Server:
    """A connection, and the answers that come over it."""

    def __init__(self, spec: dict[str, Any]) -> None:
        plain = socket.create_connection((spec["host"], spec["port"]), 10)
        plain.settimeout(None)  # an answer may take as long as the deadline lets it
        if spec.get("tls"):
            context = ssl.create_default_context(cafile=spec.get("ca_file"))
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as for what is fetched
            plain = context.wrap_socket(plain, server_hostname=spec["host"])
        self.socket, self.answers = plain, plain.makefile("rb")

    def log_in(self, spec: dict[str, Any], password: str) -> None:
        if password:
            self.call("AUTH", *([spec["username"]] if "username" in spec else []), password)
        if spec.get("database"):
            self.call("SELECT", str(spec["database"]))
        self.call("PING")

    def call(self, *words: str) -> Any:
        self.socket.sendall(command(*words))
        found = self.answer()
        if isinstance(found, Failed):
            raise found
        return found

    def pipe(self, blocks: Iterator[bytes]) -> int:
        """Send all and count the answers, both at once: neither side's buffer may fill up."""
        word = secrets.token_hex(16).encode()
        found: list[int | Exception] = []
        reader = threading.Thread(target=lambda: found.append(self.count(word)), daemon=True)
        reader.start()
        last = b"\n"
        with suppress(BrokenPipeError, ConnectionResetError):  # the reader knows why
            for block in blocks:
                self.socket.sendall(block)
                last = block[-1:]
            self.socket.sendall((b"" if last == b"\n" else b"\r\n") + command("ECHO", word.decode()))
        reader.join()
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def count(self, word: bytes) -> int | Exception:
        """How many answers came before the word, or what was wrong."""
        number, error = 0, None
        try:
            while True:
                found = self.answer()
                if found == word:
                    return error or number
                number += 1
                if isinstance(found, Failed) and error is None:
                    error = Failed(f"answer {number}: {found}")
        except (OSError, EOFError) as broken:
            return error or Failed(f"after {number} answers: {explain(broken)}")

    def answer(self) -> Any:
        """The next answer; an error is returned, not raised."""
        line = self.answers.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            return Failed(rest.decode("utf-8", "replace")[:200])
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.answers.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        return rest


def command(*words: str) -> bytes:
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def explain(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "the name does not resolve"
    if isinstance(error, (EOFError, ConnectionResetError)):
        return "closed the connection"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
