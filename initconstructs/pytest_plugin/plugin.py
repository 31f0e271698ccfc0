"""The fixtures, as pytest finds them by the entry point `initconstructs`; `-p no:initconstructs` switches them off.

What they need is imported when a test asks for them: pytest loads this file in every project of the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from initconstructs.pytest_plugin.manifest_snapshot import ManifestSnapshot
    from initconstructs.pytest_plugin.synthesis import Synthesizer

_NO_SYRUPY = "yaml_snapshot and manifest_snapshot need syrupy: pip install 'initconstructs[test]'"


@pytest.fixture
def synth() -> Synthesizer:
    """Manifests of stages, a workload value, a chart or an app: `synth(stage)`, `synth(Shop)`."""
    from initconstructs.pytest_plugin.synthesis import Synthesizer  # noqa: PLC0415

    return Synthesizer()


@pytest.fixture
def yaml_snapshot(request: pytest.FixtureRequest) -> SnapshotAssertion:
    """One YAML file for all that is compared: manifests, a document each, or text that is YAML already."""
    if not request.config.pluginmanager.hasplugin("syrupy"):
        pytest.fail(_NO_SYRUPY, pytrace=False)
    from initconstructs.pytest_plugin.yaml_snapshot import YamlSnapshot  # noqa: PLC0415

    snapshot: SnapshotAssertion = request.getfixturevalue("snapshot")
    return snapshot.use_extension(YamlSnapshot)


@pytest.fixture
def manifest_snapshot(yaml_snapshot: SnapshotAssertion) -> ManifestSnapshot:
    """One YAML file a manifest, named by its kind, namespace and name: `assert synth(Shop) == manifest_snapshot`."""
    from initconstructs.pytest_plugin.manifest_snapshot import ManifestSnapshot  # noqa: PLC0415

    return ManifestSnapshot(yaml_snapshot)


def pytest_assertrepr_compare(left: object, right: object) -> list[str] | None:
    """What differs, file by file, where a comparison with `manifest_snapshot` fails."""
    from initconstructs.pytest_plugin.manifest_snapshot import ManifestSnapshot  # noqa: PLC0415

    found = [each for each in (left, right) if isinstance(each, ManifestSnapshot)]
    return found[0].differences if found else None
