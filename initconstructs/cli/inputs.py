"""The manifests that the command line names."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from initconstructs.manifests.document import Document
from initconstructs.manifests.unreadable import UnreadableManifest, UnrenderedTemplate
from initconstructs.manifests.yaml_in import MAX_BYTES, load_yaml
from initconstructs.reports.finding_words import visible

STDIN = "-"
_SUFFIXES = frozenset([".yaml", ".yml", ".json"])
_METADATA = "construct-metadata.json"
"""What cdk8s writes beside the manifests where it is asked to record them; it is none itself."""
_IDENTITY = ("apiVersion", "kind", "metadata")

# Helm names the template above each document that it renders: `# Source: shop/templates/api.yaml`.
# Source: Manifest in helm/helm pkg/action/action.go.
_HELM_SOURCE = re.compile(r"(?:---[^\n]*\n)?(?:#[^\n]*\n|\s*\n)*?# Source: ([^\n]+)")


@dataclass(slots=True)
class Inputs:
    """What was read, from how many files, what was passed over, and what could not be read."""

    documents: list[Document] = field(default_factory=list)
    files: int = 0
    passed_over: int = 0
    unreadable: list[str] = field(default_factory=list)

    @property
    def manifests(self) -> list[dict[str, object]]:
        """What was read, without its origin."""
        return [document.manifest for document in self.documents]

    @property
    def templates(self) -> dict[tuple[str | None, int | None], str]:
        """The Helm template of each document that names one, by file and document."""
        found = ((document, _HELM_SOURCE.match(document.text)) for document in self.documents)
        return {(document.file, document.index): match[1].strip() for document, match in found if match}

    def report_unreadable(self) -> int:
        """Tell what could not be read; the exit code that this makes, 0 or 2."""
        for problem in self.unreadable:
            print(visible(problem), file=sys.stderr)
        return 2 if self.unreadable else 0


def read(paths: Sequence[str]) -> Inputs:
    """Every manifest in files, directories (*.yaml, *.yml, *.json below them), patterns and standard input.

    Directories may hold YAML that is no manifest: it is passed over and counted. Hidden directories and node_modules
    are not looked into. A file that is named twice is read once.
    """
    reader = _Reader()
    for path in paths:
        reader.read(path)
    return reader.finish()


def read_output(directory: Path, shown_as: Path) -> Inputs:
    """Every manifest that an app wrote below a directory, named as if it stood below another."""
    reader = _Reader(shown=lambda file: str(shown_as / Path(file).relative_to(directory)))
    written = manifest_files(directory)
    for file in written:
        reader.read_file(str(file), is_named=True)
    inputs = reader.finish()
    inputs.passed_over += sum(file.is_file() for file in directory.rglob("*")) - len(written)
    return inputs


def manifest_files(directory: Path) -> list[Path]:
    """The files below a directory that an app wrote its manifests to; `App(output_file_extension=...)` is free."""
    return [file for file in sorted(directory.rglob("*")) if file.is_file() and _holds_manifests(file)]


def wrote(file: Path) -> bool:
    """Whether a synth may have written this file: it holds manifests or nothing, or is the metadata beside them."""
    documents = [] if file.name == _METADATA else _documents(file)
    return documents is not None and all(map(_is_manifest, documents))


def _holds_manifests(file: Path) -> bool:
    if file.suffix in _SUFFIXES:
        return file.name != _METADATA
    return any(map(_is_manifest, _documents(file) or ()))


def _documents(file: Path) -> list[Document] | None:
    """What a file holds as YAML; None where it holds none."""
    try:
        return load_yaml(_content(file)) if file.is_file() else None
    except (UnreadableManifest, OSError):
        return None


def _content(file: Path) -> bytes:
    """What a file holds, as far as it may be read."""
    with file.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


class _Reader:
    """Reads file by file, and remembers what went wrong."""

    def __init__(self, shown: Callable[[str], str] = str) -> None:
        self._inputs = Inputs()
        self._shown = shown
        self._seen: set[str] = set()
        self._templates: Counter[str] = Counter()
        self._first_template: dict[str, UnreadableManifest] = {}

    def finish(self) -> Inputs:
        """What was read; the templates of one directory in one message."""
        for directory, error in self._first_template.items():
            others = self._templates[directory] - 1
            self._inputs.unreadable.append(f"{error} (as {others} more in {directory})" if others else str(error))
        return self._inputs

    def read(self, path: str) -> None:
        """What one argument names."""
        if path == STDIN:
            self._read_stdin()
        elif Path(path).is_dir():
            self._read_below(path)
        elif glob.has_magic(path) and not Path(path).exists():
            self._read_matches(path)
        else:
            self.read_file(path, is_named=True)

    def _read_stdin(self) -> None:
        if sys.stdin is None:  # Python's word for `<&-`
            self._inputs.unreadable.append("<stdin>: standard input is closed")
        else:
            self._parse(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>", is_named=True)

    def _read_matches(self, pattern: str) -> None:
        matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - the pattern may be absolute
        if not matches:
            self._inputs.unreadable.append(f"{pattern}: no file matches this pattern")
        for match in matches:
            if Path(match).is_dir():
                self._read_below(match)
            else:
                self.read_file(match, is_named=False)

    def _read_below(self, directory: str) -> None:
        """A directory without rights is an error, not an empty directory."""
        for folder, folders, files in os.walk(directory, onerror=self._note):
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
            for name in sorted(files):
                file = Path(folder, name)
                if file.suffix in _SUFFIXES and (file.is_file() or not file.exists()):
                    self.read_file(str(file), is_named=False)

    def read_file(self, file: str, *, is_named: bool) -> None:
        """One file, unless it was read before."""
        real = os.path.realpath(file)
        if real in self._seen:
            return
        self._seen.add(real)
        try:
            content = _content(Path(file))
        except OSError as error:
            self._inputs.unreadable.append(f"{self._shown(file)}: {error.strerror}")
        else:
            self._parse(content, self._shown(file), is_named=is_named)

    def _note(self, error: OSError) -> None:
        self._inputs.unreadable.append(f"{error.filename}: {error.strerror}")

    def _parse(self, content: bytes, file: str, *, is_named: bool) -> None:
        try:
            documents = load_yaml(content, file=file)
        except UnreadableManifest as error:
            self._refuse(error, is_named or b"apiVersion" in content)
        else:
            if is_named or not documents or any(map(_is_manifest, documents)):
                self._take(documents)
                self._inputs.files += 1
            else:
                self._inputs.passed_over += 1

    def _take(self, documents: Sequence[Document]) -> None:
        """No API server takes an object that doesn't say what it is."""
        for document in documents:
            missing = [f"no {key}" for key in _IDENTITY[:2] if not document.manifest.get(key)]
            if missing:
                place = f"{document.file}:{document.position('')[0]}"
                self._inputs.unreadable.append(f"{place}: the object has {' and '.join(missing)}")
            else:
                self._inputs.documents.append(document)

    def _refuse(self, error: UnreadableManifest, is_manifest: bool) -> None:
        if error.rule == "not-an-object" and not is_manifest:
            self._inputs.passed_over += 1
        elif isinstance(error, UnrenderedTemplate):
            directory = str(Path(error.file or "").parent)
            self._templates[directory] += 1
            self._first_template.setdefault(directory, error)
        else:
            self._inputs.unreadable.append(str(error))


def _is_manifest(document: Document) -> bool:
    """Chart.yaml has an apiVersion, values.yaml may have a kind; a manifest that forgot one still has the others."""
    return sum(key in document.manifest for key in _IDENTITY) > 1
