"""Answers of HTTP servers as files, before the app asks for them; one that fails does not keep the others away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .files import Part, alone, inside
from .http import Client
from .task import Failed, Task, TooLate, run


def start() -> None:
    run(fetch)


def fetch(task: Task, spec: dict[str, Any]) -> str:
    root, failures = Path(spec["directory"]), []
    headers = {name: task.secret(variable) for name, variable in spec["headers"].items()}
    client = Client(task, spec.get("ca_file"))
    with alone(task, root):
        for file, url in spec["files"].items():
            try:
                with Part(inside(root, file), spec["mode"]) as part:
                    client.fetch(url, part, headers)
                    part.keep()
                task.say(f"{file}: {part.size} bytes")
            except TooLate:
                raise
            except Failed as error:
                task.say(f"{file}: {error}")
                failures.append(f"{file}: {error}")
    if failures:
        raise Failed(f"{len(failures)} of {len(spec['files'])} files failed; {failures[0]}")
    return f"fetched {len(spec['files'])} files"
