"""my-app: what runs in the cluster, and the steps in which it starts."""

from cdk8s import App, Chart
from constructs import Construct

from initconstructs import Container, Directory, HttpGet, Probe, Resources, Stage
from initconstructs.workloads import Deployment, check_at_synth

IMAGE = "registry.example/my-app:1.0.0"
SMALL = Resources(requests={"cpu": "50m", "memory": "64Mi"}, limits={"memory": "64Mi"})


class MyChart(Chart):
    """Stages run one after another, each to its end; then the app starts."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, namespace="my-app", disable_resource_name_hashes=True)
        settings = Stage("check-settings", image=IMAGE, args=["check"], resources=SMALL)
        assets = Stage(
            "assets",
            image=IMAGE,
            args=["collect-assets", "--to", "/assets"],
            produces=[Directory("/assets", size_limit="100Mi")],
            resources=SMALL,
        )
        api = Container(
            "api",
            image=IMAGE,
            ports=[8000],
            mounts=[assets.output.at("/srv/assets")],
            readiness_probe=Probe(HttpGet("/healthz", port=8000)),
            resources=Resources(requests={"cpu": "200m", "memory": "256Mi"}, limits={"memory": "256Mi"}),
        )
        Deployment(self, "api", replicas=2, stages=[settings, assets], containers=[api])


if __name__ == "__main__":
    app = App()
    check_at_synth(app)  # what the API server would refuse is refused here, before anything is written
    MyChart(app, "my-app")
    app.synth()
