"""Files are what a manifest of `sha256sum` says."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_LINE = re.compile(r"(\\?)([0-9a-fA-F]+) [ *](.+)")
_ALGORITHMS = {64: "sha256", 96: "sha384", 128: "sha512"}
_ESCAPES = {r"\\": "\\", r"\n": "\n", r"\r": "\r"}


def problems(spec: Mapping[str, Any]) -> Iterator[str]:
    directory, manifest = Path(spec["directory"]), Path(spec["manifest"])
    listed: set[str] = set()
    for number, line in enumerate(manifest.read_bytes().decode("utf-8", "surrogateescape").split("\n"), 1):
        found = _LINE.fullmatch(line.rstrip("\r"))
        if found and len(found[2]) in _ALGORITHMS:
            file = directory / _unescaped(found[1], found[3])
            listed.add(os.path.realpath(file))
            yield from _file(file, found[2].lower())
        elif line.strip() and not line.startswith("#"):
            yield f"{manifest}: line {number} is no checksum of SHA-256, SHA-384 or SHA-512"
    if not listed:
        yield f"{manifest}: lists no file"
    if spec["complete"]:
        known = {*listed, os.path.realpath(manifest)}
        yield from (f"{each}: is not listed in {manifest}" for each in _files(directory, known))


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


def _files(directory: Path, known: set[str]) -> Iterator[Path]:
    """The files below that are not `known`, each once, also through links; the kubelet's own start with two dots."""
    for each in sorted(directory.iterdir()):
        place = os.path.realpath(each)
        if each.name.startswith("..") or place in known:
            continue
        known.add(place)
        if each.is_dir():
            yield from _files(each, known)
        else:
            yield each
