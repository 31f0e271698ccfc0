"""Load a Redis or Valkey server with commands from a file or from what a command prints, as `redis-cli --pipe` does.

    python3 -c '... from warming.redis import start; start()' SECONDS '{"host": ..., "port": ..., ...}'

Commands are lines as one types them, or the protocol itself (RESP). They go as they are and all at once; the answers
are counted, and the first error is told. An ECHO of a word of our own, sent last, tells that all were answered.
https://redis.io/docs/latest/develop/reference/protocol-spec/

Exit code: 0 all was taken, 1 refused or failed, 2 wrong arguments, 124 the deadline came, 143 asked to stop; 0 too,
with a line that says so, when the spec holds `"required": false` and it can't be done in time.
Needs Python 3.8 or newer and nothing else.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1 << 16
PAUSE = 1.0


class Refused(Exception):  # noqa: N818 -- the reason, not an error of the program
    """It can't be done; the text says why, and holds no secret."""


class Loading:
    """One run: its deadline, its server, and what it tells."""

    def __init__(self, seconds: float, spec: dict[str, Any]) -> None:
        self.began, self.seconds, self.spec = time.monotonic(), seconds, spec
        self.seen = "nothing was heard yet"
        self.process: subprocess.Popen[bytes] | None = None

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:7.1f}s  {' '.join(text.split())[:400]}", flush=True)

    def see(self, text: str) -> None:
        if text != self.seen:
            self.seen = text
            self.say(text)

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
                server.log_in(self.spec)
                return server
            except ssl.SSLCertVerificationError as error:
                raise Refused(f"its certificate is not trusted: {error.verify_message}") from None
            except (OSError, EOFError) as error:
                self.see(f"{self.spec['host']}:{self.spec['port']}: {explain(error)}")
            except Refused as error:
                if "LOADING" not in str(error):
                    raise
                self.see(str(error))
            time.sleep(PAUSE)

    def commands(self) -> Iterator[bytes]:
        """What is to be sent, block by block."""
        with self.source() as source:
            yield from iter(lambda: source.read(BLOCK), b"")

    def source(self) -> BinaryIO:
        if "file" in self.spec:
            return open(self.spec["file"], "rb")  # noqa: PTH123 -- pathlib is slow to import
        words: list[str] = self.spec["command"]
        try:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE)  # noqa: S603 -- running it is the purpose
        except OSError as error:
            raise Refused(f"{words[0]}: {explain(error)}") from None
        assert self.process.stdout is not None
        return self.process.stdout  # type: ignore[return-value] # it reads

    def finish(self) -> None:
        if self.process and self.process.wait():
            raise Refused(f"{self.spec['command'][0]}: exit code {self.process.returncode}; what it printed was loaded")

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()


class Server:
    """A connection, and the answers that come over it."""

    def __init__(self, spec: dict[str, Any]) -> None:
        plain = socket.create_connection((spec["host"], spec["port"]), 10)
        plain.settimeout(None)  # an answer may take as long as the deadline lets it
        if spec.get("tls"):
            context = ssl.create_default_context(cafile=spec.get("ca_file"))
            plain = context.wrap_socket(plain, server_hostname=spec["host"])
        self.socket, self.answers = plain, plain.makefile("rb")

    def log_in(self, spec: dict[str, Any]) -> None:
        password = os.environ.get("REDIS_PASSWORD", "").strip()
        if password:
            self.call("AUTH", *([spec["username"]] if "username" in spec else []), password)
        if spec.get("database"):
            self.call("SELECT", str(spec["database"]))
        self.call("PING")

    def call(self, *words: str) -> Any:
        self.socket.sendall(command(*words))
        found = self.answer()
        if isinstance(found, Refused):
            raise found
        return found

    def pipe(self, blocks: Iterator[bytes]) -> int:
        """Send all and count the answers, both at once: neither side's buffer may fill up."""
        word = secrets.token_hex(16).encode()
        found: list[int | Exception] = []
        reader = threading.Thread(target=lambda: found.append(self.count(word)), daemon=True)
        reader.start()
        last = b"\n"
        try:
            for block in blocks:
                self.socket.sendall(block)
                last = block[-1:]
            self.socket.sendall((b"" if last == b"\n" else b"\r\n") + command("ECHO", word.decode()))
        except BrokenPipeError:
            pass  # the reader knows why
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
                if isinstance(found, Refused) and error is None:
                    error = Refused(f"answer {number}: {found}")
        except (OSError, EOFError) as broken:
            return error or Refused(f"after {number} answers: {explain(broken)}")

    def answer(self) -> Any:
        """The next answer; an error is returned, not raised."""
        line = self.answers.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            return Refused(rest.decode("utf-8", "replace")[:200])
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
    if isinstance(error, EOFError):
        return "closed the connection"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


def outcome(loading: Loading) -> tuple[int, str]:
    try:
        return 0, loading.load()
    except Refused as error:
        return 1, str(error)
    except OSError as error:
        return 1, f"{explain(error)}: {error.filename or loading.spec['host']}"
    except Exception as error:  # its text may hold what was loaded
        return 1, f"unexpected {type(error).__name__}"


def main(words: list[str]) -> int:
    try:
        loading = Loading(float(words[0]), json.loads(words[1]))
        if loading.seconds <= 0 or "host" not in loading.spec:
            raise ValueError("nothing to do")
    except (IndexError, TypeError, ValueError) as error:
        print(f"{error}\nusage: SECONDS '{{...}}'", file=sys.stderr, flush=True)
        return 2

    def stopped(*_: object) -> None:
        loading.stop()
        os._exit(143)

    signal.signal(signal.SIGTERM, stopped)
    found: list[tuple[int, str]] = []
    worker = threading.Thread(target=lambda: found.append(outcome(loading)), daemon=True)
    worker.start()
    worker.join(loading.seconds)
    code, text = found[0] if found else (124, f"gave up after {loading.seconds:g} s: {loading.seen}")
    loading.stop()
    if code and not loading.spec.get("required", True):
        code, text = 0, f"goes on without it: {text}"
    loading.say(text)
    return code


def start() -> None:
    """As process 1 of a container: one that handles no SIGTERM would not hear it."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    os._exit(main(sys.argv[1:]))
