"""One readable YAML file a snapshot."""

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode


class YamlFile(SingleFileSnapshotExtension):
    """A snapshot of YAML text."""

    file_extension = "yaml"
    _write_mode = WriteMode.TEXT
