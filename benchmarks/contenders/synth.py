"""initconstructs through cdk8s: `App.synth`."""

from pathlib import Path

from cdk8s import App, Chart

from benchmarks.contenders.staged import SETTINGS, deployment
from initconstructs.workloads import Deployment, configure


def write(count: int, folder: Path) -> None:
    app = App(outdir=str(folder))
    chart = Chart(app, "apps", namespace="shop")
    configure(app, SETTINGS)
    for number in range(count):
        Deployment(chart, f"app-{number}", **deployment(number))
    app.synth()
