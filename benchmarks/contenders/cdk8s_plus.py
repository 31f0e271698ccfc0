"""cdk8s-plus at its quickest: all in the constructor, and what the apps have alike made once for all of them."""

from pathlib import Path

import cdk8s_plus_36 as kplus
from cdk8s import ApiObjectMetadata, App, Chart, Size

from benchmarks.contenders.plain import IMAGE, TOOLS


def write(count: int, folder: Path) -> None:
    app = App(outdir=str(folder))
    chart = Chart(app, "apps", namespace="shop")
    resources = kplus.ContainerResources(
        cpu=kplus.CpuResources(request=kplus.Cpu.millis(10)),
        memory=kplus.MemoryResources(request=Size.mebibytes(32), limit=Size.mebibytes(32)),
    )
    for number in range(count):
        _add(chart, f"app-{number}", resources)
    app.synth()


def _add(chart: Chart, name: str, resources: kplus.ContainerResources) -> None:
    volume = kplus.Volume.from_empty_dir(chart, f"{name}-fetch", "fetch")
    written = kplus.VolumeMount(path="/config", volume=volume)
    read = kplus.VolumeMount(path="/config", volume=volume, read_only=True)
    kplus.Deployment(
        chart,
        name,
        metadata=ApiObjectMetadata(name=name),
        replicas=2,
        init_containers=[
            kplus.ContainerProps(
                name="wait",
                image=TOOLS,
                command=["wait-for", "tcp", "db:5432", "--timeout", "5m"],
                resources=resources,
            ),
            kplus.ContainerProps(
                name="fetch",
                image=TOOLS,
                command=["fetch-config", "--to", "/config"],
                env_variables={"APP": kplus.EnvValue.from_value(name)},
                volume_mounts=[written],
                resources=resources,
            ),
            kplus.ContainerProps(
                name="check",
                image=IMAGE,
                command=["shop", "check-config", "/config"],
                volume_mounts=[read],
                resources=resources,
            ),
        ],
        containers=[
            kplus.ContainerProps(
                name="app",
                image=IMAGE,
                ports=[kplus.ContainerPort(number=8000, name="http")],
                volume_mounts=[read],
                resources=resources,
            )
        ],
    )
