"""What tests of an app import: assertions on its start-up, and the types of the plugin's fixtures.

pytest imports this at every start, of every project in the environment: a name is loaded when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initconstructs.pytest_plugin.assertions import (
        assert_handed_over,
        assert_no_findings,
        assert_order,
        assert_requests,
    )
    from initconstructs.pytest_plugin.manifest_snapshot import ManifestSnapshot
    from initconstructs.pytest_plugin.synthesis import Synthesized, Synthesizer

__all__ = [
    "ManifestSnapshot",
    "Synthesized",
    "Synthesizer",
    "assert_handed_over",
    "assert_no_findings",
    "assert_order",
    "assert_requests",
]

_OTHER_HOMES = {"ManifestSnapshot": "manifest_snapshot", "Synthesized": "synthesis", "Synthesizer": "synthesis"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_OTHER_HOMES.get(name, 'assertions')}"), name)
