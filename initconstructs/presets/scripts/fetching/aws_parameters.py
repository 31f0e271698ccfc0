"""Parameters of AWS Systems Manager, as files and variables.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
"""

from __future__ import annotations

from typing import Any

from .aws import Action
from .secrets import hand_over
from .task import Failed, Task, run


def start() -> None:
    run(fetch)


def fetch(task: Task, spec: dict[str, Any]) -> str:
    ask = Action(spec, task, "ssm", "AmazonSSM")

    def read(name: str) -> bytes:
        found = ask("GetParameter", {"Name": name, "WithDecryption": True})
        return str(found["Parameter"]["Value"]).encode()

    if "path" not in spec:
        return hand_over(spec, read)
    found = below(ask, spec["path"])
    files = {name[len(spec["path"]) :].strip("/"): name for name in found}
    return hand_over({**spec, "files": files}, found.__getitem__)


def below(ask: Action, path: str) -> dict[str, bytes]:
    """Every parameter below the path, by its name."""
    question: dict[str, Any] = {
        "Path": path.rstrip("/") or "/",
        "Recursive": True,
        "WithDecryption": True,
        "MaxResults": 10,
    }
    values: dict[str, bytes] = {}
    while True:
        page = ask("GetParametersByPath", question)
        values.update({each["Name"]: str(each["Value"]).encode() for each in page["Parameters"]})
        if not page.get("NextToken"):
            break
        question["NextToken"] = page["NextToken"]
    if not values:
        raise Failed(f"there is no parameter below {path}, or none that may be read")
    return values
