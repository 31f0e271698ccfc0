"""The assembly that ships is what its sources say."""

import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_assembly_holds_its_sources() -> None:
    with tarfile.open(ROOT / "initconstructs" / "workloads" / "_jsii" / "initconstructs.jsii.tgz") as tar:
        packed = {Path(each.name).name: tar.extractfile(each).read() for each in tar.getmembers()}
    assert packed == {each.name: each.read_bytes() for each in (ROOT / "packaging" / "jsii").iterdir()}
