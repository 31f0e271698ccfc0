"""cdk8s-plus as its documentation writes it: a container is added, then gets its variables and mounts."""

from pathlib import Path

import cdk8s_plus_36 as kplus
from cdk8s import ApiObjectMetadata, App, Chart, Size

from benchmarks.contenders.plain import IMAGE, TOOLS


def write(count: int, folder: Path) -> None:
    app = App(outdir=str(folder))
    chart = Chart(app, "apps", namespace="shop")
    for number in range(count):
        _add(chart, f"app-{number}")
    app.synth()


def _add(chart: Chart, name: str) -> None:
    volume = kplus.Volume.from_empty_dir(chart, f"{name}-fetch", "fetch")
    deployment = kplus.Deployment(chart, name, metadata=ApiObjectMetadata(name=name), replicas=2)
    deployment.add_init_container(
        name="wait",
        image=TOOLS,
        command=["wait-for", "tcp", "db:5432", "--timeout", "5m"],
        resources=_resources(),
    )
    fetch = deployment.add_init_container(
        name="fetch",
        image=TOOLS,
        command=["fetch-config", "--to", "/config"],
        resources=_resources(),
    )
    fetch.env.add_variable("APP", kplus.EnvValue.from_value(name))
    fetch.mount("/config", volume)
    check = deployment.add_init_container(
        name="check",
        image=IMAGE,
        command=["shop", "check-config", "/config"],
        resources=_resources(),
    )
    check.mount("/config", volume, read_only=True)
    app = deployment.add_container(
        name="app",
        image=IMAGE,
        ports=[kplus.ContainerPort(number=8000, name="http")],
        resources=_resources(),
    )
    app.mount("/config", volume, read_only=True)


def _resources() -> kplus.ContainerResources:
    return kplus.ContainerResources(
        cpu=kplus.CpuResources(request=kplus.Cpu.millis(10)),
        memory=kplus.MemoryResources(request=Size.mebibytes(32), limit=Size.mebibytes(32)),
    )
