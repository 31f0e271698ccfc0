"""All families of rules over manifests in memory, after a warm-up."""

from pathlib import Path

from benchmarks.contenders.plain import manifest
from initconstructs.rules import check

check([manifest(0)])


def write(count: int, folder: Path) -> None:
    findings = check([manifest(number) for number in range(count)], kubernetes="1.36")
    (folder / "findings").write_text("\n".join(each.message for each in findings))
