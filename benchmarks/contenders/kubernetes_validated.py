"""kubernetes-validate over the same manifests, after a warm-up: the published schemas, and no more."""

from pathlib import Path

from kubernetes_validate import validate  # type: ignore[import-untyped]

from benchmarks.contenders.plain import manifest

validate(manifest(0), "1.36", strict=True)


def write(count: int, folder: Path) -> None:
    said = [validate(manifest(number), "1.36", strict=True) for number in range(count)]
    (folder / "findings").write_text("\n".join(said))
