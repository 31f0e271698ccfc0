"""Files that are written whole or not at all, and known by their checksum."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from .task import MAKING, UNFINISHED, Failed, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1 << 20
LOOK_AGAIN = 0.5


class Part:
    """A file in the making, beside its place and under a hidden name: nobody sees it before `keep`."""

    def __init__(self, path: Path, mode: int) -> None:
        self.path, self.mode = path, mode
        self.part = path.with_name(f".{path.name}.part")
        self.validator = ""  # the ETag of what has been written so far, if it can be continued

    def __enter__(self) -> Part:
        with MAKING:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            UNFINISHED.add(self.part)
            self.part.unlink(missing_ok=True)  # what a run left behind that was killed
            self.file: BinaryIO = os.fdopen(os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self.restart()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # it writes what the full disk did not take; what is kept was flushed
            self.file.close()
        if self.part in UNFINISHED:
            self.part.unlink()
            UNFINISHED.discard(self.part)

    def restart(self) -> None:
        """Forget what was written."""
        self.file.seek(0)
        self.file.truncate()
        self.size, self.digest, self.validator = 0, hashlib.sha256(), ""

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Errors such as a full disk with the file, which they do not name."""
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from None

    def write(self, data: bytes) -> None:
        with self.naming():
            self.file.write(data)
        self.digest.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        return self.digest.hexdigest()

    def expect(self, sha256: str | None, size: int | None = None) -> None:
        """Fail unless what was written is what was wanted."""
        if size is not None and self.size != size:
            raise Failed(f"{self.path.name}: has {self.size} bytes, not {size}; nothing was written")
        if sha256 is not None and self.sha256 != sha256:
            raise Failed(f"{self.path.name}: has sha256 {self.sha256}, not {sha256}; nothing was written")

    def flush(self) -> None:
        with self.naming():
            self.file.flush()

    def keep(self) -> None:
        """Put it in its place, whole and on the disk."""
        self.flush()
        with self.naming():
            os.fchmod(self.file.fileno(), self.mode)
            os.fsync(self.file.fileno())
        with MAKING:
            self.part.replace(self.path)
            UNFINISHED.discard(self.part)
        sync(self.path.parent)


def write(path: Path, data: bytes, mode: int) -> bool:
    """Write a small file whole; False when it was so already."""
    if same(path, data, mode):
        return False
    with Part(path, mode) as part:
        part.write(data)
        part.keep()
    return True


def same(path: Path, data: bytes, mode: int) -> bool:
    try:
        return path.stat().st_mode & 0o777 == mode and path.read_bytes() == data
    except OSError:
        return False


def permit(path: Path, mode: int) -> None:
    """Give a file its mode, which only its owner may, unless it has it."""
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)


def sync(directory: Path) -> None:
    """Make a rename last beyond a crash of the node."""
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def verified(path: Path, sha256: str, size: int | None = None) -> bool:
    """Whether the file is there and is the one that is wanted."""
    try:
        return (size is None or path.stat().st_size == size) and path.is_file() and sha256_of(path) == sha256
    except OSError:
        return False


def inside(root: Path, name: str) -> Path:
    """The place of `name` below `root`; one that leads out of it is refused."""
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or "\0" in name or any(each in ("", ".", "..") for each in parts):
        raise Failed(f"{name!r} is no path below the directory")
    return root.joinpath(*parts)


@contextmanager
def alone(task: Task, directory: Path) -> Iterator[None]:
    """Have the directory to oneself: pods that share a volume fetch once, one after the other.

    The kernel drops the lock when its holder is killed. Where the file system knows no locks, it says so and goes on.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".fetching.lock").open("ab") as file:
        with suppress(OSError):
            os.fchmod(file.fileno(), 0o666)  # pods of other users come here too
        while not locked(task, file):
            task.see(f"another pod is fetching into {directory}")
            time.sleep(min(LOOK_AGAIN, task.left()))
        yield


def locked(task: Task, file: Any) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        task.say(f"goes on without a lock, which this file system does not know: {error.strerror}")
    return True
