"""The manifests that the command line names."""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from initconstructs.manifests.document import Document
from initconstructs.manifests.unreadable import UnreadableManifest
from initconstructs.manifests.yaml_in import MAX_BYTES, load_yaml

_SUFFIXES = frozenset([".yaml", ".yml", ".json"])
STDIN = "-"


@dataclass(slots=True)
class Inputs:
    """What was read, from how many files, and what could not be read."""

    documents: list[Document] = field(default_factory=list)
    files: int = 0
    unreadable: list[str] = field(default_factory=list)

    @property
    def manifests(self) -> list[dict[str, object]]:
        """What was read, without its origin."""
        return [document.manifest for document in self.documents]

    def report_unreadable(self) -> int:
        """Tell what could not be read; the exit code that this makes, 0 or 2."""
        for problem in self.unreadable:
            print(problem, file=sys.stderr)
        return 2 if self.unreadable else 0


def read(paths: Sequence[str]) -> Inputs:
    """Every manifest in files, directories (*.yaml, *.yml, *.json below them), patterns and standard input."""
    inputs = Inputs()
    for path in paths:
        try:
            for file in _files(path):
                _read_file(file, inputs, is_named=file == path)
        except OSError as error:
            inputs.unreadable.append(f"{error.filename or path}: {error.strerror}")
    return inputs


def _read_file(file: str, inputs: Inputs, *, is_named: bool) -> None:
    try:
        documents = load_yaml(_bytes(file), file="<stdin>" if file == STDIN else file)
    except UnreadableManifest as error:
        if is_named or error.rule != "not-an-object":  # a directory may hold YAML that is no manifest
            inputs.unreadable.append(str(error))
    else:
        inputs.documents += documents
        inputs.files += 1


def _bytes(file: str) -> bytes:
    if file == STDIN:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with Path(file).open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _files(path: str) -> Iterator[str]:
    if path != STDIN and Path(path).is_dir():
        yield from _below(Path(path))
    elif path != STDIN and glob.has_magic(path) and not Path(path).exists():
        matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - the pattern may be absolute
        if not matches:
            raise FileNotFoundError(2, "no file matches this pattern", path)
        for match in matches:
            yield from _below(Path(match)) if Path(match).is_dir() else [match]
    else:
        yield path


def _below(directory: Path) -> Iterator[str]:
    """A directory without rights is an error, not an empty directory."""
    for entry in sorted(directory.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            yield from _below(entry)
        elif entry.suffix in _SUFFIXES:
            yield str(entry)
