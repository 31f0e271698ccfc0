"""Snapshots as YAML that a colleague reviews."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from initconstructs.manifests.yaml_out import dump_yaml


class YamlSnapshot(SingleFileSnapshotExtension):
    """One `.yaml` file a comparison, laid out as cdk8s writes it."""

    file_extension = "yaml"
    _write_mode = WriteMode.TEXT

    def serialize(self, data: str | Iterable[Mapping[str, object]], **_: object) -> str:
        """Manifests as YAML documents; text as it is."""
        return data if isinstance(data, str) else dump_yaml(data)
