"""Packs packaging/jsii into the assembly that jsii loads: `python tools/jsii_assembly.py --write`.

A test holds the assembly to the sources.
"""

from __future__ import annotations

import gzip
import io
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "packaging" / "jsii"
ASSEMBLY = ROOT / "initconstructs" / "workloads" / "_jsii" / "initconstructs.jsii.tgz"


def assembly() -> bytes:
    """The gzipped tar of the sources, without times and owners."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for source in sorted(SOURCES.iterdir()):
            content = source.read_bytes()
            entry = tarfile.TarInfo(f"package/{source.name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


if __name__ == "__main__":
    if "--write" in sys.argv:
        ASSEMBLY.write_bytes(assembly())
    else:
        print(__doc__)
