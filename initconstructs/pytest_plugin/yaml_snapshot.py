"""Snapshots as YAML that a colleague reviews."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from initconstructs.manifests.yaml_out import dump_yaml

if TYPE_CHECKING:
    from syrupy.location import PyTestLocation
    from syrupy.types import SnapshotIndex


class YamlSnapshot(SingleFileSnapshotExtension):
    """One `.yaml` file a comparison, laid out as cdk8s writes it."""

    file_extension = "yaml"
    _write_mode = WriteMode.TEXT
    _owners: ClassVar[dict[str, tuple[str, SnapshotIndex]]] = {}
    """Which comparison has which file: syrupy leaves characters out, and some file systems know no capitals."""

    def serialize(self, data: str | Iterable[Mapping[str, object]], **_: object) -> str:
        """Manifests as YAML documents; text as it is."""
        return data if isinstance(data, str) else dump_yaml(data)

    @classmethod
    def get_location(cls, *, test_location: PyTestLocation, index: SnapshotIndex) -> str:
        """The file of a comparison; a ValueError where another has it already, since each would undo the other's."""
        location = super().get_location(test_location=test_location, index=index)
        own = (test_location.nodeid, index)
        owner = cls._owners.setdefault(location.casefold(), own)
        if owner != own:
            others = f"{owner[0]} ({owner[1]}) and {own[0]} ({own[1]})"
            raise ValueError(f"{others} would share the file {location}; give the tests ids of other words")
        return location
