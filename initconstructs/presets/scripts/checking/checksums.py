"""Files are what a manifest of `sha256sum` says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_LINE = re.compile(r"(\\?)([0-9a-fA-F]+) [ *](.+)")
_ALGORITHMS = {64: "sha256", 96: "sha384", 128: "sha512"}
_ESCAPES = {r"\\": "\\", r"\n": "\n", r"\r": "\r"}


def problems(spec: Mapping[str, Any]) -> Iterator[str]:
    directory, manifest = Path(spec["directory"]), Path(spec["manifest"])
    listed: set[Path] = set()
    for number, line in enumerate(manifest.read_text("utf-8", "surrogateescape").splitlines(), 1):
        found = _LINE.fullmatch(line)
        if found and len(found[2]) in _ALGORITHMS:
            file = directory / _unescaped(found[1], found[3])
            listed.add(file)
            yield from _file(file, found[2].lower())
        elif line.strip():
            yield f"{manifest}: line {number} is no checksum of SHA-256, SHA-384 or SHA-512"
    if not listed:
        yield f"{manifest}: lists no file"
    if spec["complete"]:
        yield from (
            f"{each}: is not listed in {manifest}" for each in _files(directory) if each not in listed | {manifest}
        )


def _unescaped(escaped: str, name: str) -> str:
    return re.sub(r"\\[\\nr]", lambda found: _ESCAPES[found[0]], name) if escaped else name


def _file(file: Path, expected: str) -> Iterator[str]:
    digest = hashlib.new(_ALGORITHMS[len(expected)])
    try:
        with file.open("rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    except OSError as error:
        yield f"{file}: {error.strerror}"
    else:
        if digest.hexdigest() != expected:
            yield f"{file}: differs from its checksum"


def _files(directory: Path) -> Iterator[Path]:
    """The files below; those of Kubernetes' own, which start with two dots, are seen through their links."""
    for each in sorted(directory.iterdir()):
        if each.name.startswith(".."):
            continue
        if each.is_dir() and not each.is_symlink():
            yield from _files(each)
        elif not each.is_dir():
            yield each
