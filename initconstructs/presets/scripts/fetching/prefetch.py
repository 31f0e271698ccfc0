"""Answers of HTTP servers as files, before the app asks for them; one that fails does not keep the others away.

Several are fetched at the same time, and none is waited for before each has been asked once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .files import Part, alone, inside
from .http import Again, Client
from .task import Failed, Task, TooLate, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    T = TypeVar("T")

TOGETHER = 16


def start() -> None:
    run(fetch)


class Hasty(Client):
    """Does not try again."""

    def tried(self, once: Callable[[], T]) -> T:
        return once()


class Prefetch:
    """The files that are wanted, and why some are not there."""

    def __init__(self, task: Task, spec: dict[str, Any]) -> None:
        self.task, self.spec, self.root = task, spec, Path(spec["directory"])
        self.headers = {name: task.secret(variable) for name, variable in spec["headers"].items()}
        self.failures: dict[str, Exception] = {}

    def bring(self, client: Client, files: Iterable[str]) -> None:
        with ThreadPoolExecutor(TOGETHER) as pool:
            for _ in pool.map(lambda file: self.one(client, file), files):
                pass  # or raise what stopped it, such as a full disk

    def one(self, client: Client, file: str) -> None:
        try:
            with Part(inside(self.root, file), self.spec["mode"]) as part:
                client.fetch(self.spec["files"][file], part, self.headers)
                part.keep()
        except (Again, Failed) as error:
            self.failures[file] = error
            self.task.say(f"{file}: {error}")
        else:
            self.failures.pop(file, None)
            self.task.say(f"{file}: {part.size} bytes")


def fetch(task: Task, spec: dict[str, Any]) -> str:
    files, found = spec["files"], Prefetch(task, spec)
    with alone(task, found.root):
        found.bring(Hasty(task, spec.get("ca_file")), files)
        found.bring(
            Client(task, spec.get("ca_file")), [file for file, why in found.failures.items() if isinstance(why, Again)]
        )
    if not found.failures:
        return f"fetched {len(files)} files"
    first = next(file for file in files if file in found.failures)
    kind = TooLate if any(isinstance(why, TooLate) for why in found.failures.values()) else Failed
    raise kind(f"{len(found.failures)} of {len(files)} files failed; {first}: {found.failures[first]}")
