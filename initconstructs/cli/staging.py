"""A directory that is written in full before it takes the place of another, in one step."""

from __future__ import annotations

import ctypes
import glob
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from initconstructs.cli.options import Unusable
from initconstructs.cli.stops import uninterrupted

if sys.platform != "win32":
    import fcntl

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NEW, _OLD = "new", "old"


@contextmanager
def temporary() -> Iterator[Path]:
    """A path, free for a new directory that goes nowhere."""
    with TemporaryDirectory(prefix="initconstructs-") as own:
        yield Path(own, _NEW)


@contextmanager
def staged(output: Path) -> Iterator[Path]:
    """A path, free for a new directory, on the file system of `output`; `replace` moves it there.

    What is left in the end is removed. A run that was killed can't do so: its rest is removed by the next one.
    Raises Unusable where nothing can be written.
    """
    place = output.resolve()
    parent = next(each for each in place.parents if each.is_dir())
    prefix = f".{place.name}.synth-"
    for rest in sorted(parent.glob(f"{glob.escape(prefix)}*")):
        _clear(rest, place)
    own = lock = None
    try:
        with uninterrupted():
            own = _made(parent, prefix, output)
            lock = _lock(own)
        yield own / _NEW
    finally:
        with uninterrupted():
            if own is not None:
                shutil.rmtree(own, ignore_errors=True)
            if lock is not None:
                os.close(lock)


def _made(parent: Path, prefix: str, output: Path) -> Path:
    try:
        return Path(mkdtemp(prefix=prefix, dir=parent))
    except OSError as error:
        raise Unusable(f"nothing can be written beside {output}: {error.strerror}") from None


def replace(new: Path, output: Path) -> None:
    """Put the directory `new`, of `staged`, where `output` stands or shall stand; a link stays a link.

    Raises Unusable where that can't be done; what stood there stays.
    """
    try:
        _replace(new, output.resolve())
    except OSError as error:
        raise Unusable(f"{output} can't be replaced: {error.strerror}") from None


def _replace(new: Path, place: Path) -> None:
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        new.rename(place)
    elif not _exchanged(new, place):
        old = new.with_name(_OLD)
        place.rename(old)
        try:
            new.rename(place)
        except BaseException:
            old.rename(place)
            raise


def _exchanged(one: Path, other: Path) -> bool:
    """Whether two directories changed places, in one step as Linux can; see renameat2(2)."""
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None).renameat2
    except AttributeError:
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0)


def _clear(rest: Path, place: Path) -> None:
    """Remove what a killed run left, and put back what it had taken away; a run that lives holds its lock."""
    lock = _lock(rest)
    if lock is None:
        return
    if (rest / _OLD).exists() and not place.exists():
        (rest / _OLD).rename(place)
    shutil.rmtree(rest, ignore_errors=True)
    os.close(lock)


def _lock(directory: Path) -> int | None:
    """A lock that ends with this process, or None where another holds it."""
    if sys.platform == "win32":
        return None
    descriptor = None
    try:
        descriptor = os.open(directory, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if descriptor is not None:
            os.close(descriptor)
        return None
    return descriptor
