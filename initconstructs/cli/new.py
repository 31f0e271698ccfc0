"""Start a project: a chart, its snapshot test, pre-commit hooks and a workflow, which synthesizes and passes at once.

DIR must not be there, or be empty. It is written whole or not at all.
Exit codes: 0 written, 2 DIR can't be written or has no name for an app.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from importlib import metadata
from pathlib import Path

from initconstructs.cli.options import Unusable

SUMMARY = "start a project that synthesizes and passes its tests"
_PROJECT = Path(__file__).parent / "project"
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("directory", metavar="DIR", type=Path, help="where; its parent must be there")
    parser.add_argument("--name", help="of the app and its namespace (default: the name of DIR)")


def run(arguments: argparse.Namespace) -> int:
    """Write, say what to do next."""
    target: Path = arguments.directory
    name = arguments.name or target.resolve().name
    if not _NAME.fullmatch(name):
        raise Unusable(
            f"{name!r} can't name an app: at most 40 of a-z, 0-9 and -, a letter first, no - last; see --name"
        )
    try:
        _write(target, name)
    except OSError as error:
        raise Unusable(f"{target}: {error.strerror}") from None
    print(f"{target} is ready:\n  cd {target}\n  pip install -r requirements.txt\n  initconstructs synth\n  pytest")
    return 0


def _write(target: Path, name: str) -> None:
    """Written beside, then moved there in one step."""
    place = target.resolve()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise Unusable(f"{target} is there already and not an empty directory")
    if place == Path.cwd():
        raise Unusable(f"you are in {place.name} itself, which is replaced as a whole: cd .. and name it")
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}-") as folder:
        made = Path(folder, "project")
        _copy(_PROJECT, made, {"my-app": name, "0.0.0": metadata.version("initconstructs")})
        if place.exists():
            place.rmdir()
        made.rename(place)


def _copy(source: Path, target: Path, words: dict[str, str]) -> None:
    """The template is a project itself, called my-app; names of files change as their contents do."""
    if source.is_file():
        target.write_text(_replaced(source.read_text(encoding="utf-8"), words), encoding="utf-8")
        return
    target.mkdir()
    for entry in source.iterdir():
        if entry.name != "__pycache__":
            _copy(entry, target / _replaced(entry.name, words), words)


def _replaced(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text
