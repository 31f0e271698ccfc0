"""What all tests share: snapshots, one readable YAML file each, and properties that a busy machine can't fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from initconstructs.manifests.yaml_out import dump_yaml

settings.register_profile("any pace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any pace")


class YamlSnapshot(SingleFileSnapshotExtension):
    """Manifests, or YAML that is written already, as the file that a colleague reviews."""

    file_extension = "yaml"
    _write_mode = WriteMode.TEXT

    def serialize(self, data: str | Iterable[Mapping[str, object]], **_: Any) -> str:
        """The manifests as YAML documents."""
        return data if isinstance(data, str) else dump_yaml(data)


@pytest.fixture
def yaml_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(YamlSnapshot)
