"""The YAML that goes to the cluster, for review in the pull request that changes it."""

import pytest
from main import shop
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode


class YamlFile(SingleFileSnapshotExtension):
    """One file a snapshot, readable as YAML."""

    file_extension = "yaml"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def yaml_file(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(YamlFile)


def test_the_shop_is_what_was_reviewed(yaml_file: SnapshotAssertion) -> None:
    assert shop().synth_yaml() == yaml_file
